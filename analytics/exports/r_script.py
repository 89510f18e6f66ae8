"""Views as scripts in R, with survival, cmprsk and brglm2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from analytics.exports.exhibit import ExhibitMedium
from analytics.exports.scripts.writing import Language, escape, to_r, write_scripts

_IMPORT = re.compile(r"library\((?P<library>\w+)\)")


def _say_needs(imports: Sequence[str]) -> str:
    found = [match["library"] for line in imports if (match := _IMPORT.match(line))]
    debian = " ".join(f"r-cran-{name.lower()}" for name in found)
    return f"It needs R 4.2 or newer with {', '.join(found)} (Debian: {debian})."


def _text(text: str) -> str:
    return f"'{escape(text, chr(39))}'"


_R = Language(
    name="R",
    ending="R",
    literal=to_r,
    text=_text,
    begin="{} <- function() {{",
    end="}",
    assign=" <- ",
    equals=" = ",
    run="Run it with: Rscript FILE.R",
    needs=_say_needs,
    imports=_IMPORT,
)
R_SCRIPT = ExhibitMedium("R script", "R", "text/plain", partial(write_scripts, language=_R))
