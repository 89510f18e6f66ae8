"""What every file says of where its numbers come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from analytics import __version__
from analytics.dictionary import load_words


@dataclass(frozen=True, slots=True)
class Provenance:
    """What every file that leaves the product says about itself.

    ``comparisons`` says how many comparisons were looked at before it was made, and whether its own was planned.
    """

    title: str
    cohort: str
    selection: str
    method: str
    data_version: str
    synthetic: bool
    exported_on: date
    remarks: tuple[str, ...] = ()
    comparisons: str = ""
    noun: str = field(default_factory=lambda: load_words().noun)

    def remarking(self, sentences: Iterable[str]) -> Provenance:
        """The provenance of a file that says these sentences too."""
        return replace(self, remarks=(*self.remarks, *sentences))

    def lines(self) -> tuple[str, ...]:
        """The statements, one per line."""
        warning = (f"SYNTHETIC DATA: no row describes a real {self.noun}.",) if self.synthetic else ()
        return (
            self.title,
            *warning,
            f"Cohort: {self.cohort}",
            f"Selection: {self.selection}",
            f"Method: {self.method}",
            *self.remarks,
            *((self.comparisons,) if self.comparisons else ()),
            f"Data version: {self.data_version}; product version: {__version__}; exported on {self.exported_on.isoformat()}",
            f"Describes groups; not advice on the treatment of any one {self.noun}.",
        )

    def footer(self) -> str:
        """The statements that stand even under a small picture, in a line: whose data, of whom, and which."""
        warning = "SYNTHETIC DATA. " if self.synthetic else ""
        return f"{warning}{self.selection} {self.cohort}, data version {self.data_version}, {self.exported_on.isoformat()}."
