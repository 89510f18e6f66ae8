"""A second opinion: figures of a view beside those of libraries, with how far both agree and why they may not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import pandas as pd

from analytics.results.core import Name, Result

Agreement = Literal["1e-6", "1e-3", "differs", "neither", "not offered"]
Part = Literal["estimate", "conf_low", "conf_high", "statistic", "p_value", "p_adjusted"]

MULTIVARIABLE, UNIVARIABLE, WEIGHTED = "multivariable", "univariable", "weighted"  # models of a view
ONE_MINUS = "one minus Kaplan–Meier"

# Why two values may differ; each is given only where it was found to be so.
PLATEAU = "plateau"  # the curve is level at a half: the middle of that stretch here, one of its ends there
RISING = "rising"  # with late entry limits rise again: R's rule here, the first crossing there
AT_ONE = "at one"  # nobody has had the event: an exact limit here, none or 100 % there
AT_ZERO = "at zero"  # nobody is left: one has limits there, the other none
JITTERED = "jittered"  # lifelines moves tied times by chance
FIRTH_TIES = "firth ties"  # Breslow's ties there, Efron's here
FIRTH_ERROR = "firth error"  # another information matrix behind the standard error
ESTIMATED_WEIGHTS = "estimated weights"  # the error there takes the weights as given
ROBUST = "robust"  # lifelines makes the robust error another way
APPROXIMATE = "approximate"  # an approximation of the test there, the test itself here
PAIRS = "pairs"  # lifelines' concordance knows neither strata nor entry
COARSE = "coarse"  # the library stops before all digits are there
NO_LIBRARY = "no library"  # none of them has it
CANNOT = "cannot"  # the library gives up on these patients
UNEXPLAINED = "unexplained"
REASONS = (
    *(
        PLATEAU,
        RISING,
        AT_ONE,
        AT_ZERO,
        JITTERED,
        FIRTH_TIES,
        FIRTH_ERROR,
        ESTIMATED_WEIGHTS,
        ROBUST,
        APPROXIMATE,
    ),
    *(PAIRS, COARSE, NO_LIBRARY, CANNOT, UNEXPLAINED),
)


Model = str | Name  # a code, or a level of a column


@dataclass(frozen=True, slots=True)
class Quantity:
    """Which number of a view it is: codes and names, no words.

    ``measure`` is what is estimated ("survival", "median", "hazard ratio", …), ``part`` which number of it. ``model`` tells
    models, curves or causes of one view apart. ``variable`` and ``level``, ``group`` and ``reference``, ``time`` (months)
    say of whom and when, as far as that applies.
    """

    measure: str
    part: Part = "estimate"
    model: Model = ""
    variable: str = ""
    level: str | None = None
    group: str = ""
    reference: str = ""
    time: float | None = None

    @property
    def model_code(self) -> str:
        """The model as one text, for a file."""
        return f"{self.model.variable}: {self.model.level}" if isinstance(self.model, Name) else self.model

    def of(self, part: Part) -> Quantity:
        """Another number of the same estimate."""
        return replace(self, part=part)


@dataclass(frozen=True, slots=True)
class Compared(Result):
    """One figure twice: as the view shows it and as a library gives it.

    ``ours`` and ``theirs`` are None where there is no such number (a median that is not reached). ``difference`` is
    relative to the larger of the two, None unless both are numbers. ``reason`` is one of `REASONS`, None where they agree.
    """

    no_rule: ClassVar[str] = "only what has passed the policy is compared"

    figure: Quantity
    ours: float | None
    theirs: float | None
    library: str
    difference: float | None
    agreement: Agreement
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SecondOpinion(Result):
    """All figures of a view that a library has, compared; ``libraries`` are names with versions.

    ``reason`` says in a code why nothing was compared ("too many patients", "nothing shown"), None otherwise; ``n`` counts
    the patients.
    """

    rows: tuple[Compared, ...]
    libraries: tuple[tuple[str, str], ...]
    n: int
    reason: str | None = None

    def count(self, *agreements: Agreement) -> int:
        """How many figures agree so far."""
        return sum(row.agreement in agreements for row in self.rows)

    def to_frame(self) -> pd.DataFrame:
        """One row per figure: what it is, both values, library with version, difference, agreement and reason."""
        versions = dict(self.libraries)
        columns = [
            *("measure", "part", "model", "variable", "level", "group", "reference", "time"),
            *("shown", "library", "version", "by_library", "relative_difference", "agreement", "reason"),
        ]
        rows = [
            (
                *(row.figure.measure, row.figure.part, row.figure.model_code, row.figure.variable, row.figure.level),
                *(row.figure.group, row.figure.reference, row.figure.time, row.ours, row.library),
                *(versions.get(row.library), row.theirs, row.difference, row.agreement, row.reason),
            )
            for row in self.rows
        ]
        return pd.DataFrame(rows, columns=columns)
