"""Scripts in either language: comments on the view, its steps, the functions that they call, the rows, the page's numbers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import wrap
from typing import Any

import pandas as pd

from analytics.dictionary import load_words
from analytics.document import Progress
from analytics.exports.exhibit import Exhibit, Extra
from analytics.exports.scripts.rows import GROUP, share_tables
from analytics.exports.scripts.steps import Step, list_steps

FUNCTIONS = Path(__file__).parents[3] / "data" / "scripts"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NUMBERS = ("entry_days", "days", "event", "share", "n")  # columns that are numbers in every script
NOTHING = "Nothing is shown here that a script could compute again."
NONE_HERE = "Nothing of it can be done in this language."


@dataclass(frozen=True, slots=True)
class Language:
    """How a language is written: the file of its functions, literals, texts of several lines, and what stands around steps.

    ``begin`` opens the steps of a view, ``end`` closes them; ``assign`` joins a name and a value; ``run`` says how a script is
    started, ``needs`` what it takes; a line of the functions that matches ``imports`` stands above the steps.
    """

    name: str
    ending: str
    literal: Callable[[Any], str]
    text: Callable[[str], str]
    begin: str
    end: str
    assign: str
    equals: str
    run: str
    needs: Callable[[Sequence[str]], str]
    imports: re.Pattern[str]


def write_scripts(
    exhibits: Sequence[Exhibit | Extra], progress: Progress, template: bytes = b"", *, language: Language
) -> bytes:
    """One script of the views, in their order, the same bytes for the same views."""
    views: list[str] = []
    data: list[str] = []
    calls: list[str] = []
    used: set[str] = set()
    tables = 0
    for place, exhibit in enumerate(exhibits, start=1):
        written = _write_view(language, exhibit, place, tables)
        views.append(written.text)
        data += written.data
        used |= written.calls
        calls += [f"view_{place}()"] if written.calls else []
        tables += written.n_tables
        progress(place, len(exhibits))
    imports, functions = take_functions(language, used) if used else ((), "")
    parts = [*_say(language.run, *([language.needs(imports)] if imports else [])), "", *views]
    if used:
        parts += ["# ---- The functions, the same in every script ----", *imports, "", "", functions]
        parts += ["", "# ---- The rows, and the numbers of the page ----", *data, "", *calls]
    return ("\n".join(parts).rstrip("\n") + "\n").encode()


@dataclass(frozen=True, slots=True)
class _View:
    text: str
    data: list[str]
    calls: set[str]
    n_tables: int


def _write_view(language: Language, exhibit: Exhibit | Extra, place: int, before: int) -> _View:
    about = [*exhibit.provenance.lines(), *([f"Link: {exhibit.link}"] if exhibit.link else [])]
    about += [f"Comment: {exhibit.comment}"] if exhibit.comment else []
    recipe = exhibit.document.recipe if isinstance(exhibit, Exhibit) else None
    steps = () if recipe is None else list_steps(recipe().questions)
    whys = list(dict.fromkeys(n.why[language.name] for step in steps for n in step.numbers if language.name in n.why))
    not_done = [f"Not done here [{i}]: {why}" for i, why in enumerate(whys, start=1)]
    done = [step for step in steps if step.is_done(language.name)]
    if not done:
        refusal = "" if recipe is None else recipe().refusal
        about.append(f"No script: {refusal or (NONE_HERE if whys else NOTHING)}")
        return _View("\n".join([*_say(*about, *not_done), ""]), [], set(), 0)
    tables = share_tables([step.needed for step in done if step.needed is not None])
    about += [
        f"The rows at the end are {load_words().plural} who are alike in what this view looks at, and how many (n): no "
        "identifiers, but single patients all the same. Keep them as you keep the data.",
        "Prints each number of the page beside the one found here; what else the page shows is not repeated.",
        *not_done,
    ]
    names = [f"rows_{before + i}" for i in range(1, len(tables) + 1)]
    page = f"PAGE_{place}"
    lines = [language.begin.format(f"view_{place}")]
    for name, table in zip(names, tables, strict=True):
        columns = [language.literal(c) for c in table.columns if table[c].dtype != object and c not in _NUMBERS]
        lines.append(f"    {name}{language.assign}table_of({', '.join([name.upper(), *columns])})")
    lines += [f"    {_write_call(language, step, names, tables)}" for step in done]
    lines += [f"    report({page})", *([language.end] if language.end else []), ""]
    lines[:0] = [""]
    data = [
        f"{name.upper()}{language.assign}{language.text(_to_csv(table))}"
        for name, table in zip(names, tables, strict=True)
    ]
    shown = _list_numbers(steps, whys, language.name)
    data.append(f"# name, number, page, [why not done here]\n{page}{language.assign}{language.text(shown)}")
    calls = {step.call for step in done}
    return _View("\n".join([*_say(*about), *lines, ""]), data, calls, len(tables))


def _write_call(language: Language, step: Step, names: Sequence[str], tables: Sequence[pd.DataFrame]) -> str:
    given = dict(step.given)
    rows: list[str] = []
    if step.needed is not None:
        needed = step.needed
        rows = [names[needed.table]]
        if given.get("group") == GROUP:
            given["group"] = needed.renamed.get(GROUP, GROUP)
        if needed.within is not None and needed.within[0] in tables[needed.table]:
            given["within"] = list(needed.within)
    arguments = [f"{name}{language.equals}{language.literal(value)}" for name, value in given.items()]
    return f"{step.call}({', '.join([*rows, *arguments])})"


def _say(*lines: str) -> list[str]:
    """Statements as comments, none of which leaves its comment."""
    options: dict[str, Any] = {"initial_indent": "# ", "subsequent_indent": "#   ", "break_long_words": False}
    told: list[str] = []
    for line in lines:
        width = 116 if max(map(len, line.split()), default=0) < 100 else len(line) + 2  # a link stays whole
        told += wrap(_CONTROL.sub(" ", line), width, break_on_hyphens=False, **options)
    return told


def _list_numbers(steps: Iterable[Step], whys: Sequence[str], language: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for step in steps:
        for number in step.numbers:
            why = number.why.get(language)
            value = "" if number.value is None else f"{number.value:.12g}"
            writer.writerow([number.name, number.part, value, "" if why is None else whys.index(why) + 1])
    return out.getvalue()


def _to_csv(table: pd.DataFrame) -> str:
    def write(value: Any) -> str:
        return "" if pd.isna(value) else value if isinstance(value, str) else f"{value:.15g}"

    return table.apply(lambda column: column.map(write)).to_csv(index=False, lineterminator="\n")


@cache
def _sections(path: Path) -> Mapping[str, tuple[tuple[str, ...], str]]:
    """Name to what a section needs and its text, in the order of the file."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for section in path.read_text("utf-8").split("#: ")[1:]:
        head, text = section.split("\n", 1)
        name, *needs = head.split()
        found[name] = tuple(needs), text.strip("\n")
    return found


def take_functions(language: Language, calls: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """The imports and the text of all functions that some calls need."""
    sections = _sections(FUNCTIONS / f"functions.{language.ending}.txt")
    wanted: set[str] = set()

    def want(name: str) -> None:
        if name not in wanted:
            wanted.add(name)
            for other in sections[name][0]:
                want(other)

    for call in calls:
        want(call)
    lines = [line for name, (_, text) in sections.items() if name in wanted for line in [*text.split("\n"), "", ""]]
    imports = dict.fromkeys(line for line in lines if language.imports.match(line))
    kept = "\n".join(line for line in lines if line not in imports)
    return tuple(imports), re.sub(r"\n{4,}", "\n\n\n", kept).strip("\n") + "\n"


def escape(text: str, quote: str) -> str:
    """A text inside quotation marks of either language: nothing in it ends them."""
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}")


def to_r(value: Any) -> str:
    """A literal of R."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, list | tuple):
        nested = any(isinstance(item, list | tuple) for item in value)
        return f"{'list' if nested else 'c'}({', '.join(map(to_r, value))})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else f"{value:.15g}"


def to_python(value: Any) -> str:
    """A literal of Python."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(to_python, value))}]"
    return repr(value) if isinstance(value, bool | str) else f"{value:.15g}"
