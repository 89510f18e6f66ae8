"""The page of collected views: their order and comments, files of all of them, and the file that keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from analytics.dictionary import load_words, spoken
from analytics.exports.exhibit import Exhibit, ExhibitMedium, Extra
from analytics.exports.media import EXHIBIT_MEDIA
from analytics.exports.medium import to_file_stem
from analytics.formats import format_count, name_patients
from analytics.patient.features import Value
from analytics.speaking import word
from analytics.views.basket import Basket, BasketError, Collected
from analytics.views.basket import read_basket as read_file
from analytics.views.view import write_link
from pages.components import state
from pages.components.background import show_progress
from pages.components.collecting import Reopened, address_of, comment_on, let_go, link_to_turn, list_usual
from pages.components.context import Context
from pages.components.files import show_link
from pages.components.jobs import JobKey, Jobs, TooManyError, jobs_of
from pages.components.kept_basket import add_to_basket, keep_basket, read_basket, say_of_basket
from pages.components.kept_patient import jobs_of_patient
from pages.components.markdown import as_markdown
from pages.components.own_cohort import find_own_cohort
from pages.components.patient import find_patient, say_in_short
from pages.components.patient_files import gather_patient
from pages.components.presence import name_session
from pages.components.template import dress_medium, name_dress, show_template

LONGEST_LINK = 6_000  # some servers on the way take no longer ones
EMPTY = (
    "Nothing is collected yet. “Collect” stands beside the title of every analysis: it puts the view with its filters and "
    "choices here, to be put in order, commented, presented and given out together."
)
USUAL_HELP = "Who is in this selection, what goes with {relapse}, how they fare by site and by treatment, and what was published."
OWN = "These views are of your own file. They go with it: save them to keep them. The file that is saved holds no patients."


def show_said() -> None:
    """What there is to say of a file that was opened, once."""
    said = st.session_state.pop(state.BASKET_SAID, ())
    if said:
        items = "".join(f"<li>{escape(text)}</li>" for text in said)
        st.html(
            '<div class="outcomes-note caution" role="status" data-testid="basket-said">'
            f'<ul class="outcomes-says">{items}</ul></div>'
        )


def show_views(views: Sequence[Reopened]) -> None:
    """Each view with its link, what has to be said of it, its comment, and its place."""
    if not views:
        st.html(f'<p class="outcomes-caption" data-testid="basket-empty">{escape(EMPTY)}</p>')
    for place, view in enumerate(views):
        with st.container(border=True):
            st.html(_describe(view, place))
            with st.container(horizontal=True, vertical_alignment="bottom"):
                _show_comment(view, place)
                _show_moves(view, place, len(views))


def _describe(reopened: Reopened, place: int) -> str:
    view, title = reopened.view, escape(reopened.title)
    address = escape(write_link(address_of(view.page), view.query))
    name = f'<a href="{address}" data-turn="view">{title}</a>' if reopened.opened is not None else title
    said = [reopened.problem] if reopened.problem else []
    said += [f"{note.text} {note.remedy}" for note in reopened.notes]
    if reopened.problem and view.answer:
        said.append(f"When it was collected: {view.answer}")
    said += reopened.changes
    items = "".join(f"<li>{escape(text)}</li>" for text in said)
    kind = "warning" if reopened.problem else "caution"
    more = f'<div class="outcomes-note {kind}" role="note"><ul class="outcomes-says">{items}</ul></div>' if said else ""
    return (
        f'<h2 class="outcomes-h2" data-testid="collected">{place + 1}. {name}</h2>'
        f'<p class="outcomes-caption">{escape(reopened.whom)}</p>{more}'
    )


def _show_comment(reopened: Reopened, place: int) -> None:
    key = state.key_of_collected("comment", place)
    st.session_state[key] = reopened.view.comment  # whatever stood at this place before
    asked = (reopened.view, key)
    st.text_input(f"Comment on view {place + 1}", key=key, on_change=_comment, args=asked, width="stretch")


def _comment(view: Collected, key: str) -> None:
    comment_on(view, str(st.session_state[key]))


def _show_moves(reopened: Reopened, place: int, n: int) -> None:
    view = reopened.view
    moves: tuple[tuple[str, str, str, Callable[..., None], tuple[Any, ...], bool], ...] = (
        ("up", ":material/arrow_upward:", f"Move view {place + 1} up", _move, (view, -1), place == 0),
        ("down", ":material/arrow_downward:", f"Move view {place + 1} down", _move, (view, 1), place == n - 1),
        ("remove", ":material/delete:", f"Remove view {place + 1}", let_go, (view,), False),
    )
    for what, icon, about, change, asked, disabled in moves:
        key = state.key_of_collected(what, place)
        st.button(
            as_markdown(about),
            key=key,
            icon=icon,
            type="tertiary",
            disabled=disabled,
            on_click=change,
            args=asked,
        )


# A click may come before the page has been drawn after the one before it: it changes what is collected then.
def _move(view: Collected, by: int) -> None:
    place = read_basket().find(view.link)
    if place is not None:
        keep_basket(read_basket().moved(place, by))


def show_taking_away(views: Sequence[Reopened], context: Context) -> None:
    """Present them, copy the link that carries them, and make a file of all of them in each medium."""
    shown = [view for view in views if view.opened is not None]
    if not views:
        return
    if len(shown) < len(views):
        left_out = f"{format_count(len(views) - len(shown))} of {format_count(len(views))} cannot be shown now"
        st.html(f'<p class="outcomes-caption" role="status">{left_out}, and will be left out.</p>')
    if not shown:
        return
    first = next(place for place, view in enumerate(views) if view.opened is not None)
    address = escape(link_to_turn(views[first].view, first, context.links))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<a class="outcomes-button" data-turn="first" href="{address}">Present them</a>')
        link = _write_link(context, [view.view.link for view in views])
        if len(link) <= LONGEST_LINK:
            show_link(link)
    exhibits = [made for view in shown if (made := view.to_exhibit(context.cohort.data_version)) is not None]
    show_template()
    patient = _ask_patient(context)
    with st.container(horizontal=True, key=state.COLLECTED_FILES):
        for medium in EXHIBIT_MEDIA:
            st.fragment(partial(_show_file, medium, exhibits, context, patient))()


def _ask_patient(context: Context) -> dict[str, Value]:
    """What is known of the patient at hand, if the files are to hold it; nothing otherwise."""
    patient = find_patient(context.cohort)
    if not patient or not context.is_answered:
        return {}
    label = f"With this {load_words().noun}: {say_in_short(context.cohort, patient)}"
    is_wanted = st.toggle(as_markdown(label), key=state.BASKET_PATIENT)
    return patient if is_wanted else {}


def _write_link(context: Context, links: Sequence[str]) -> str:
    address = str(st.context.url or "").split("?")[0]
    return write_link(address, {state.VIEW: list(links), "data": [context.cohort.data_version]})


def _show_file(
    medium: ExhibitMedium, exhibits: Sequence[Exhibit | Extra], context: Context, patient: dict[str, Value]
) -> None:
    """A file of all views: begun by a click, made beside the page with a way to stop, then handed out."""
    asked = tuple((e.link, e.comment, e.provenance) for e in exhibits)
    about = tuple(patient.items())
    choices = (("views", asked), ("medium", medium.ending), ("dress", name_dress(medium)), ("patient", about))
    key: JobKey = (context.cohort, context.filter, "collected", choices, f"file_{medium.ending}")
    jobs = jobs_of_patient() if patient else jobs_of(context.cohort)
    job = jobs.find(key, name_session())
    if job is not None and not job.is_finished:
        show_progress(key, job, jobs)
    elif job is None:
        refusal = jobs.refusal(name_session())
        st.button(
            as_markdown(f"Make {medium.name}"),
            key=state.key_of_collected("make", medium.ending),
            icon=":material/play_arrow:",
            disabled=bool(refusal),
            help=as_markdown(refusal) or None,
            on_click=_start,
            args=(jobs, key, dress_medium(medium), exhibits, context, patient),
        )
    else:
        stem = to_file_stem("collected", "synthetic" if context.cohort.synthetic else "", day=date.today())
        st.download_button(
            as_markdown(f"Save {medium.name}"),
            data=job.future.result(),
            file_name=f"{stem}.{medium.ending}",
            mime=medium.mime,
            on_click="ignore",
            icon=":material/download:",
            key=state.key_of_collected("save", medium.ending),
        )


def _start(
    jobs: Jobs,
    key: JobKey,
    medium: ExhibitMedium,
    exhibits: Sequence[Exhibit | Extra],
    context: Context,
    patient: dict[str, Value],
) -> None:
    given = [*exhibits, *([gather_patient(context, patient)] if patient else [])]
    run = spoken(lambda progress: medium.write(given, progress))
    try:
        jobs.start(key, run, name_session())
    except TooManyError as error:
        say_of_basket(str(error))


def show_keeping(basket: Basket, context: Context) -> None:
    """Collect what a board is mostly shown, save the collected views as a file, open one, and forget them."""
    usual = list_usual(context)
    if context.is_answered and any(basket.find(view.link) is None for view in usual):
        st.button(
            "Collect the usual views of a board",
            key=state.BASKET_USUAL,
            icon=":material/playlist_add:",
            help=as_markdown(name_patients(USUAL_HELP)),
            on_click=add_to_basket,
            args=(Basket(usual),),
        )
    if basket.views:
        if find_own_cohort() is not None:
            st.html(f'<p class="outcomes-caption">{escape(OWN)}</p>')
        with st.container(horizontal=True):
            st.download_button(
                "Save the list (TOML)",
                data=basket.to_text(word("title")).encode(),
                file_name=f"{to_file_stem('collected-views', day=date.today())}.toml",
                mime="application/toml",
                on_click="ignore",
                icon=":material/save:",
                key=state.SAVE_BASKET,
            )
            st.button(
                "Remove all",
                key=state.EMPTY_BASKET,
                icon=":material/delete:",
                type="tertiary",
                on_click=keep_basket,
                args=(Basket(),),
            )
    key = f"{state.OPEN_BASKET}_{st.session_state.get(state.N_BASKETS, 0)}"
    # Of any kind: what cannot be read is told better here than by the browser.
    label = "Open a saved list: its views come after these"
    st.file_uploader(label, key=key, max_upload_size=1, on_change=_open, args=(key,))


def _open(key: str) -> None:
    uploaded = st.session_state[key]
    if uploaded is None:
        return
    st.session_state[state.N_BASKETS] = st.session_state.get(state.N_BASKETS, 0) + 1
    try:
        read = read_file(uploaded.getvalue())
    except BasketError as error:
        say_of_basket(f"Not opened, and nothing here was changed. {error}")
        return
    if read.disease and read.disease != word("title"):
        say_of_basket(
            f"The list was made with another dictionary, “{read.disease}”; “{word('title')}” is open. What its links ask for "
            "may not be known here, and is said beside each view."
        )
    say_of_basket(*read.problems)
    add_to_basket(read.basket)
