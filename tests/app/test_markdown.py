"""Where text meets Markdown: file names, labels and links are drawn as they are written."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from analytics.analyses import load_analyses
from analytics.dictionary import open_dictionary
from pages.components.cache import REFERENCE_COHORT, load_cohort, load_offers
from pages.components.markdown import as_markdown
from tests.app.opening import open_dashboard, turn_to

ROOT = Path(__file__).parents[2]
JOINER = "\u2060"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("$v2$ *neu*", r"\$v2\$ \*neu\*"),
        ("os_relapse_days", "os_relapse_days"),
        ("_x_", r"\_x\_"),
        ("# x", r"\# x"),
        ("- x", r"\- x"),
        ("1. x", f"1{JOINER}. x"),
        ("`x` ~~y~~ [a](b)", r"\`x\` \~\~y\~\~ \[a\](b)"),
        ("<b>x</b> &amp; <50", r"\<b>x\</b> \&amp; <50"),
        (":smile: :red[x] :material/home:", rf"\:{JOINER}smile: \:red\[x\] \:{JOINER}material/home:"),
        ("http://x.y www.x.y a@b.c", f"http{JOINER}://x.y www{JOINER}.x.y a{JOINER}@b.c"),
        ("a -> b <- c -- d", rf"a -{JOINER}> b <{JOINER}- c -{JOINER}- d"),
        ("two\nlines", "two lines"),
        (r"a\b", r"a\\b"),
        ("", ""),
    ],
)
def test_marks_are_taken_for_text(text: str, marked: str) -> None:
    assert as_markdown(text) == marked


def test_ordinary_words_are_left_alone() -> None:
    """The levels' labels stand in links as they are drawn, so that none of them may need a mark."""
    texts = [
        text for v in open_dictionary().variables for text in (v.label, v.missing_label, *v.levels, *v.level_labels)
    ]
    cohort = load_cohort(str(REFERENCE_COHORT))
    for analysis in load_analyses():
        for control in load_offers(cohort)[analysis.slug].controls:
            texts += [control.label, *(label for _, label in control.options)]
    assert [text for text in texts if as_markdown(text) != text] == []


DRAWS_MARKDOWN = {
    "button", "caption", "checkbox", "download_button", "error", "expander", "header", "info", "markdown", "multiselect",
    "pills", "popover", "progress", "radio", "segmented_control", "selectbox", "slider", "subheader", "success", "title",
    "toast", "toggle", "warning", "write",
}  # fmt: skip
PLAIN = {"as_markdown", "format_count"}  # what they give holds no mark


def loose_texts(source: str) -> list[str]:
    """Texts drawn as Markdown that are neither written in the source nor passed through `as_markdown`.

    A name that is assigned in the same file from `as_markdown` counts as passed, a name in capitals as written.
    """
    tree = ast.parse(source)
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=True))
                for name, value in pairs:
                    if isinstance(name, ast.Name):
                        assigned.setdefault(name.id, []).append(value)

    def is_safe(node: ast.expr, depth: int = 0) -> bool:
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id in PLAIN
        if isinstance(node, ast.JoinedStr):
            return all(is_safe(part.value, depth) for part in node.values if isinstance(part, ast.FormattedValue))
        if isinstance(node, ast.BoolOp):
            return all(is_safe(value, depth) for value in node.values)
        if isinstance(node, ast.IfExp):
            return is_safe(node.body, depth) and is_safe(node.orelse, depth)
        if isinstance(node, ast.Name):
            values = assigned.get(node.id, [])
            return node.id.strip("_").isupper() or (
                depth < 3 and bool(values) and all(is_safe(v, depth + 1) for v in values)
            )
        return node.__class__ is ast.Name

    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in DRAWS_MARKDOWN or ast.unparse(node.func.value) not in ("st", "top"):
            continue
        texts = [*node.args[:1], *(k.value for k in node.keywords if k.arg in ("label", "help", "text", "body"))]
        found += [ast.unparse(text) for text in texts if not is_safe(text)]
    return found


KNOWN_TO_BE_PLAIN = {
    "files.py": {"f'{medium.name}: {file}'"},
    "background.py": {"job.share"},
    "ledger.py": {
        "f'{what} planned in advance'",
        "f'Clear the ledger for a new question only: {so_far} to this one and still count for any result that is reported "
        "of it. Save the file before.'",
    },
    "methods_page.py": {
        "f'{as_markdown(load_published().citation)}. Product version {__version__}; data version "
        "{context.cohort.data_version}.'",
    },
}  # fmt: skip


@pytest.mark.parametrize("path", sorted((ROOT / "pages").rglob("*.py")), ids=lambda path: path.name)
def test_every_text_passes_through_the_one_function(path: Path) -> None:
    assert set(loose_texts(path.read_text())) <= KNOWN_TO_BE_PLAIN.get(path.name, set())


def test_the_guard_sees_what_it_must() -> None:
    assert loose_texts("st.info(f'{cohort.name} lacks')") == ["f'{cohort.name} lacks'"]
    assert loose_texts("st.caption(say(x))") == ["say(x)"]
    assert loose_texts("st.checkbox('a', help=v.definition)") == ["v.definition"]
    assert loose_texts("said = f'{cohort.name}'\nst.info(said)") == ["said"]
    assert loose_texts("said = as_markdown(x)\nst.info(said)\nst.info(f'{as_markdown(y)} and {N}')") == []


@pytest.mark.parametrize("name", ["$v2$ *neu*", "<b>x</b> :red[y]"])
def test_a_file_name_is_text_wherever_it_is_drawn(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"{name.replace('/', '∕')}.csv"
    path.write_text("patient_id,sex,*$x$*\n" + "".join(f"P{i},male,1\n" for i in range(3)))
    monkeypatch.setenv("COHORT", str(path))
    app = open_dashboard()
    said = "".join(h.proto.body for h in app.get("html"))
    assert "<b>x" not in said
    assert f"File: {path.name}".replace("<", "&lt;").replace(">", "&gt;") in said
    assert "left out: *$x$*." in said
    told = [info.value for info in turn_to(app, "survival-by-site").info]
    assert len(told) == 1 and told[0].startswith(as_markdown(path.stem))
