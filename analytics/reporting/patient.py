"""What published definitions say of one patient, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from analytics.dictionary import DAYS_PER_MONTH, Dictionary, load_words
from analytics.formats import MISSING, format_plain, format_quantity, join_words, shorten
from analytics.reporting.tables import Table
from analytics.reporting.wording import in_sentence, name_level
from analytics.results import Note
from analytics.results.definitions import Change, Classified, Proviso, Source, TreatmentFact

NOT_CLASSIFIED = "not classified"
MOST_UNREAD = 5  # names that a note lists


def say_features(features: Mapping[str, str | float], dictionary: Dictionary) -> str:
    """What is known of a patient, in the order of the dictionary ("Age at diagnosis 4.2 years; B-ALL"); "" for nothing."""
    said = []
    for variable in dictionary.variables:
        value = features.get(variable.name)
        if isinstance(value, float) and variable.kind == "duration":
            said.append(f"{variable.label} {format_plain(value / DAYS_PER_MONTH, 1)} months")
        elif isinstance(value, float):
            said.append(f"{variable.label} {format_quantity(value, variable)}")
        elif value is not None:
            said.append(name_level(variable, value))
    return "; ".join(said)


def say_outside(
    features: Mapping[str, str | float], limits: Mapping[str, tuple[float | None, float | None]], dictionary: Dictionary
) -> str:
    """Which numbers lie outside all that a cohort has, as slips of the pen do; "" for none."""
    said = []
    for name, value in features.items():
        low, high = limits.get(name, (None, None))
        if low is not None and high is not None and isinstance(value, float) and not low <= value <= high:
            variable = dictionary[name]
            per = DAYS_PER_MONTH if variable.kind == "duration" else 1.0
            least, most = (format_plain(limit / per, 1) for limit in (low, high))
            unit = "months" if variable.kind == "duration" else variable.unit
            said.append(f"{in_sentence(variable.label)}, {least} to {most} {unit}".strip())
    return f"Outside what this cohort has: {'; '.join(said)}. Check what was entered." if said else ""


def name_source(source: Source) -> str:
    """A source in short ("Fuster 2014")."""
    first, *rest = source.authors.split()
    name = first.rstrip(",") if rest and (rest[0].rstrip(",").isupper() or rest[0] == "and") else source.authors
    return f"{name} {source.year}"


def tabulate_classes(classes: Sequence[Classified]) -> Table:
    """The class by each definition, why, what would change it, and where it was published."""
    rows = tuple(
        (
            found.label,
            _say_class(found),
            " ".join(_say_why(found)) or MISSING,
            "; ".join(map(_say_change, found.changes)) or MISSING,
            ", ".join(map(name_source, found.sources)),
        )
        for found in classes
    )
    columns = ("Definition", "Class", "Because", "Another class from", "Source")
    return Table("Classes by published definitions", columns, rows, words=True)


def _say_class(found: Classified) -> str:
    if found.group:
        return found.group
    if found.outside:
        return NOT_CLASSIFIED
    return " or ".join(found.possible) if found.possible else "not known"


def _say_why(found: Classified) -> Iterable[str]:
    if found.outside:
        yield found.outside
    elif found.group:
        yield f"{found.why[:1].upper()}{found.why[1:]}."
    else:
        yield f"Depends on what is not known: {join_words([in_sentence(name) for name in found.lacking])}."
    if found.group and found.provisos:
        yield f"Provided that {join_words([_say_proviso(proviso) for proviso in found.provisos])}."
    yield from found.flags if found.group else ()


def _say_proviso(proviso: Proviso) -> str:
    if proviso.below is not None:
        return f"{in_sentence(proviso.label)} is under {proviso.below:g} {proviso.unit}"
    return f"{in_sentence(proviso.label)} is not {' or '.join(proviso.levels)}"


def _say_change(change: Change) -> str:
    limit = format_plain(change.limit, 1)
    if change.label:
        side = f"{limit} {change.unit} or more" if change.is_more else f"under {limit} {change.unit}"
        return f"{in_sentence(change.label)} {side}: {change.into}"
    by = format_plain(change.by or 0.0, 1)
    side = f"from {limit} on" if change.is_more else f"before {limit}"
    return f"{by} {change.unit} {'later' if change.is_more else 'earlier'} ({side}): {change.into}"


def tabulate_treatments(facts: Sequence[TreatmentFact]) -> Table:
    """What was published on treatments for such a patient."""
    rows = tuple((f.label, f.text, ", ".join(map(name_source, f.sources))) for f in facts if not f.lacking)
    title = "Treatments in guidance and trials: facts, not advice"
    return Table(title, ("Treatment", "What was published", "Source"), rows, words=True)


def say_no_classes() -> str:
    """Why there is no class by a published definition."""
    return "No class by a published definition: this file has not all the columns that they look at."


def say_untold(facts: Sequence[TreatmentFact]) -> str:
    """What would be told if more were known; "" for nothing."""
    untold = [fact for fact in facts if fact.lacking]
    if not untold:
        return ""
    labels = join_words(list(dict.fromkeys(fact.label for fact in untold)))
    lacking = join_words(list(dict.fromkeys(in_sentence(name) for fact in untold for name in fact.lacking)))
    return f"Not told, since {lacking} is not known: {labels}."


def _list_sources(classes: Sequence[Classified], facts: Sequence[TreatmentFact]) -> list[Source]:
    return list(
        dict.fromkeys(s for named in (*(c.sources for c in classes), *(f.sources for f in facts)) for s in named)
    )


def say_sources(classes: Sequence[Classified], facts: Sequence[TreatmentFact]) -> str:
    """The sources of all that is said, in a line."""
    named = [f"{name_source(s)}, {f'doi:{s.doi}' if s.doi else s.address}" for s in _list_sources(classes, facts)]
    return f"Sources: {'; '.join(named)}."


def tabulate_sources(classes: Sequence[Classified], facts: Sequence[TreatmentFact]) -> Table:
    """The sources of all that is said, each with a link to it."""
    sources = _list_sources(classes, facts)
    rows = tuple(
        (name_source(s), f"{s.authors}. {s.title}. {s.journal}, {s.year}.", s.doi or s.address) for s in sources
    )
    links = tuple(f"https://doi.org/{s.doi}" if s.doi else s.address for s in sources)
    return Table("Sources", ("Source", "Title", "DOI or address"), rows, words=True, links=links)


def say_nothing_entered(n_synthetic: int) -> str:
    """What to do on a page about nobody yet."""
    noun = load_words().noun
    take = f", or take one of the {n_synthetic} synthetic ones" if n_synthetic else ""
    return (
        f"Enter what is known of the {noun}{take}. It is kept in this tab alone, and forgotten when the tab is closed."
    )


def say_link_holds() -> str:
    """What a link that was asked for holds."""
    return (
        f"This link holds what you entered of the {load_words().noun}: whoever has it reads that, and so may the logs of what it "
        "passes through."
    )


def note_unread(names: Sequence[str]) -> tuple[Note, ...]:
    """What a link says of one patient and is not used; the values are not repeated."""
    if not names:
        return ()
    noun, listed = load_words().noun, join_words([f"“{shorten(name, 40)}”" for name in names[:MOST_UNREAD]])
    more = f" and {len(names) - MOST_UNREAD} more" if len(names) > MOST_UNREAD else ""
    text = (
        f"Of what the link says of one {noun}, {listed}{more} cannot be used: not asked here, or no value it can have."
    )
    return (Note("link-patient-unread", "caution", text, "Enter it below."),)


def say_file_holds() -> str:
    """What a file of one patient holds."""
    return f"These files hold what you entered of the {load_words().noun}, and what this page shows."
