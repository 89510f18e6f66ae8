"""Every key of a session's state: what the pages keep there, and what their widgets are called.

What a view needs is not among them: filters and choices are called as the variable or the control that they belong to,
and are bound to the link.
"""

from __future__ import annotations

from analytics.cohort.filters import MISSING_SUFFIX
from analytics.dictionary import Variable

# Kept for the session
SESSION = "session"  # its name, which only its own tab knows
BEFORE = "session_before"  # the name of the one that was reloaded
USE_REFERENCE = "use_reference"  # True once the reference cohort is shown in the place of a file that cannot be opened
FILTERS = "filters"  # what they ask for, as the link says it
FILTERS_STEP = "filters_step"  # how often that has changed, which tells an answer from an older one
CHOICES_STEP = "choices_step"  # how often a choice was clicked, as the browser counts it
LINK_READ = "link_read"
LINK_NOTES = "link_notes"
NAMED = "named"  # the page that the tab was named after
ANSWERED = "answered"  # the last selection, where small numbers are protected
SHOWN = "shown_analysis"  # the slug of the page last shown
LEDGER = "ledger"
LEDGER_ASIDE = "ledger_aside"  # that of the file named at the start, while the reader's own patients are shown
BASKET = "basket"  # the views that were collected; in a link while presenting: which of them, from 1 on
BASKET_ASIDE = "basket_aside"  # those of the file named at the start, while the reader's own patients are shown
BASKET_PATIENT = "basket_patient"  # that files of the collected views are to hold the patient at hand
BASKET_USUAL = "basket_usual"
BASKET_SAID = "basket_said"  # what there is to say of a file of collected views that was opened
TURN = "turn"  # the place of the collected view that is presented
VIEW = "view"  # the parameter that carries collected views, each as its link
OWN_COHORT = "own_cohort"  # patients that the reader brought
INTAKE = "intake"  # what the reader has brought and not opened yet; the keys of its widgets begin so too
OWN = "own"  # the parameter of a link that was made of them
PATIENT = "this_patient"  # what is entered of one patient, by column; the parameter of a link that was asked for
LESSON = "lesson"  # the one that is shown; the parameter of a link
PROGRESS = "progress"  # what was answered in lessons, by their names
PROGRESS_TOLD = "progress_told"  # True once the browser has said what it keeps
PROGRESS_FORGOTTEN = "progress_forgotten"  # True in the run after it was to be forgotten
COMMITTED = "committed"  # True in the run after an answer was given, which the focus then goes to
QUIZ_DONE = "quiz_done"  # True once the closing quiz was handed in
CLASS = "class"  # the name of a class, or of a round of one; the parameter of a link
HOLD = "hold"  # "1" while what the patients say stays hidden until the teacher shows it; the parameter of a link
ASKED_OF = "of"  # the view that a question is about, by its link; the parameter of a link
ASKED = "number"  # which of its numbers is asked, by what it is called there; the parameter of a link
ASKED_IN = "ask"  # the words of the question; the parameter of a link
ASKED_BEFORE = "before"  # what is seen before the answer; the parameter of a link
CLASS_USED = "class_used"  # the name that a link was made with last
ROUNDS = "rounds"  # what was answered in a class, by the signs of the question
LANGUAGE = "lang"  # that was chosen, by a click or a link; the parameter of a link
PRESENT = "present"  # True while presenting; in a link "1"

# Widgets, and containers that the style sheet knows by name
N_UPLOADERS = "n_uploaders"  # how often the place for files was emptied
INTAKE_GIVE_UP = "intake_give_up"
INTAKE_FILES = "intake_files"
INTAKE_FORGET = "intake_forget"
INTAKE_OPEN = "intake_open"
INTAKE_OPENED = "intake_opened"  # True in the run after the patients were opened
INTAKE_TEXT = "intake_text"
INTAKE_LET_GO = "intake_let_go"
INTAKE_BESIDE = "intake_beside"
PATIENT_FOLD = "patient_fold"
PATIENT_TAKEN = "patient_taken"
PATIENT_FORGET = "patient_forget"
PATIENT_JOBS = "patient_jobs"
PATIENT_LINK = "patient_link"
PATIENT_TREATMENTS = "patient_treatments"
PATIENT_MATTERS = "patient_matters"
PATIENT_HELD = "patient_matters_held"  # what matters, also while another page is shown
PATIENT_CURVES = "patient_curves"
PATIENT_SALVAGE = "patient_salvage"
PATIENT_TREATED = "patient_treated"
PATIENT_RISK = "patient_risk"
PATIENT_FILES = "patient_files"
TAB = "tab"
VERSUS = "versus"  # the parameter of the link that asks for another selection to compare with
REGISTRY = "registry"  # the parameter that makes the other selection one of the file of the start
APART = "apart"  # the parameter that leaves those in both out of either
APART_ASKED = "apart_asked"
VERSUS_FIGURE = "versus_figure"
VERSUS_PLACE = "versus_place"
SIDEBAR = "sidebar"
SIDEBAR_TOLD = "sidebar_told"
CHOICES = "choices"
LANGUAGE_CHOICE = "language_choice"
LANGUAGE_PLACE = "language_place"
PROGRESS_PLACE = "progress_place"
DRAWN = "drawn_curve"
PLAY = "play"
PLAY_PLACE = "play_place"
LESSON_FORM = "lesson_form"
LESSON_AGAIN = "lesson_again"
SUMMARY = "lesson_summary"
FORGET_PROGRESS = "forget_progress"
QUIZ_FORM = "quiz_form"
SIMULATED = "simulated"  # simulated cohorts; the keys of their widgets begin so
CLASS_FOLD = "class_fold"
CLASS_NAME = "class_name"
CLASS_HOLD = "class_hold"
CLASS_FILE = "class_file"
CLASS_CODES = "class_codes"
CLASS_FILES = "class_files"
CLASS_LINKS = "class_links"
ASKED_FORM = "asked_form"
ASKED_AGAIN = "asked_again"
REFERENCE = "reference"  # the choice that a click on a row of a forest sets
FOREST = "forest"
FIGURE = "figure"
PICTURES = "pictures"  # of the overview
FLOW = "flow"
PATHWAY = "pathway"
ALIVE_AT = "alive_at"  # the choice of the years at which the pathway tells survival
LANES = "lanes"
LANES_ORDER = "lanes_order"
LANES_BY = "lanes_by"
LANES_PAGE = "lanes_page"
BASELINE = "fold_baseline"
BASELINE_BY = "baseline_by"
HEAD = "shown_head"  # what is presented
ANSWERS = "shown_answers"  # those of the overview, and its pictures
PICTURES_PLACE = "shown_pictures"
FLOW_PLACE = "shown_flow"
PATHWAY_PLACE = "pathway_place"
LANES_PLACE = "shown_lanes"
PLACE = "shown_figure"
PRESENTER = "presenter"
COLLECTED_FILES = "collected_files"
N_BASKETS = "n_baskets"  # how often the place for a file of collected views was emptied
OPEN_BASKET = "open_basket"
SAVE_BASKET = "save_basket"
EMPTY_BASKET = "empty_basket"
TEMPLATE = "template"  # of slides: its name and what is in it
TEMPLATE_SAID = "template_said"
TEMPLATE_OPEN = "template_open"
TEMPLATE_FILE = "template_file"
FORGET_TEMPLATE = "forget_template"
N_TEMPLATES = "n_templates"  # how often the place for a template was emptied
TOOLBAR = "toolbar"
TOOLBAR_BUTTONS = "toolbar_buttons"
LINK_BUTTON = "link_button"
DISMISS_LINK_NOTES = "dismiss_link_notes"
TRY_AGAIN = "try_again"
OPEN_OWN = "open_own"
SHOW_REFERENCE = "show_reference"
REFERENCE_MEANWHILE = "reference_meanwhile"  # the same while the cohort is being opened
RETURN_TO_ANSWERED = "return_to_answered"
CHECKS = "checks"
PLANNING = "planning"
MORE = "fold_more"  # the four folds of an analysis
SURE = "fold_sure"
DONE = "fold_done"
FILES = "fold_files"
ATTRITION = "way"
STAGES = "stages"
GLOSSARY = "glossary_entries"
PAPER_RISK = "paper_risk"
LEDGER_LINE = "ledger_line"
LEDGER_OPEN = "ledger_open"
PLANNED = "planned_in_advance"
NEW_QUESTION = "new_question"
CLEAR_LEDGER = "clear_ledger"


def key_of_missing(variable: Variable) -> str:
    """The key of the box that keeps patients without a value of a number."""
    return variable.name + MISSING_SUFFIX


def key_of_file(ending: str, *names: str) -> str:
    """The key of the button that hands out a file."""
    return "_".join((ending, *names))


def key_of_picture(*names: str | int) -> str:
    """The key of a further figure, by its place on the page."""
    return "_".join(map(str, names))


def key_of_feature(name: str) -> str:
    """The key of the widget that asks for a variable of one patient."""
    return f"patient_{name}"


def key_of_lesson(slug: str, *what: object) -> str:
    """The key of what belongs to a lesson: its answer, or a question on what was taught."""
    return "_".join(("lesson", slug, *map(str, what)))


def key_of_round(signs: str, what: str) -> str:
    """The key of what belongs to a question that a class was asked, by its signs."""
    return "_".join(("round", signs, what))


def key_of_asking(slug: str, what: str) -> str:
    """The key of a widget that makes a question of a view."""
    return "_".join(("asking", slug, what))


def key_of_background(part: str, what: str = "") -> str:
    """The key of what belongs to a part that is computed beside the page: its start, stop or progress."""
    return "_".join(("slow", part, *filter(None, (what,))))


def key_of_collected(*what: object) -> str:
    """The key of what belongs to a collected view, or to a file of all of them."""
    return "_".join(("collected", *map(str, what)))


def key_of_intake(n_taken: int, *names: object) -> str:
    """The key of a widget about files that were brought; another one for other files."""
    return "_".join((INTAKE, str(n_taken), *map(str, names)))


def key_of_simulated(*names: str) -> str:
    """The key of a widget, or a picture, of simulated cohorts."""
    return "_".join((SIMULATED, *names))
