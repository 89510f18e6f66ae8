"""Views as scripts in Python, with lifelines, statsmodels, firthmodels and scipy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version

from analytics.exports.exhibit import ExhibitMedium
from analytics.exports.scripts.writing import Language, escape, to_python, write_scripts

_IMPORT = re.compile(r"(?:from|import) (?P<library>\w+)")
_INSTALLED = ("pandas", "numpy", "scipy", "lifelines", "statsmodels", "firthmodels")


def _say_needs(imports: Sequence[str]) -> str:
    found = {match["library"] for line in imports if (match := _IMPORT.match(line))}
    return f"It needs: pip install {' '.join(f'{name}=={version(name)}' for name in _INSTALLED if name in found)}"


def _text(text: str) -> str:
    return f"'''\n{escape(text, chr(39))}'''"


_PYTHON = Language(
    name="Python",
    ending="py",
    literal=to_python,
    text=_text,
    begin="def {}():",
    end="",
    assign=" = ",
    equals="=",
    run="Run it with: python FILE.py",
    needs=_say_needs,
    imports=_IMPORT,
)
PYTHON_SCRIPT = ExhibitMedium("Python script", "py", "text/x-python", partial(write_scripts, language=_PYTHON))
