"""What is wrong with mapped patients, and what was decided about it: corrected, excluded, or accepted with a note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analytics.cohort.examination import Finding, examine_patients
from analytics.cohort.labels import say_by_labels
from analytics.dictionary import Dictionary, Variable
from analytics.intake.applying import Mapped
from analytics.intake.mapping import Acceptance, Correction, Exclusion, Mapping
from analytics.results import Note


@dataclass(frozen=True, slots=True)
class Examined:
    """Mapped patients after all corrections and exclusions, and what is still found in them.

    ``is_accepted`` says of each finding whether it stands as it is. ``n_excluded`` and ``n_corrected`` count patients and
    values; ``lost`` are corrections and exclusions whose patient or variable is not in the file.
    """

    mapped: Mapped
    findings: tuple[Finding, ...]
    is_accepted: tuple[bool, ...]
    n_excluded: int
    n_corrected: int
    lost: tuple[str, ...]

    @property
    def undecided(self) -> tuple[Finding, ...]:
        """The findings about which nothing was decided; with an error among them the patients cannot be opened."""
        return tuple(f for f, accepted in zip(self.findings, self.is_accepted, strict=True) if not accepted)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that must be corrected or excluded."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def examine(mapped: Mapped, mapping: Mapping) -> Examined:
    """What the mapping decides carried out, and what is wrong or odd with the patients who are left.

    Raises
    ------
    CohortError
        If nobody is left, or the columns cannot be used.
    """
    decided, n_excluded, n_corrected, lost = _carry_out(mapped, mapping)
    findings = tuple(
        replace(f, what=say_by_labels(f.what, decided.dictionary), remedy=say_by_labels(f.remedy, decided.dictionary))
        for f in examine_patients(decided.frame, decided.dictionary)
    )
    accepted = {acceptance.code for acceptance in mapping.accepted}
    is_accepted = tuple(f.key in accepted and f.severity == "caution" for f in findings)
    return Examined(decided, findings, is_accepted, n_excluded, n_corrected, lost)


def _carry_out(mapped: Mapped, mapping: Mapping) -> tuple[Mapped, int, int, tuple[str, ...]]:
    identifier = mapped.dictionary.identifier.name
    names = mapped.frame[identifier].astype(str).str.strip()
    rows_of = names.groupby(names).indices
    frame, lost, corrected = mapped.frame.copy(), list[str](), 0
    for c in mapping.corrections:
        rows = rows_of.get(c.patient, ())
        if c.variable not in frame.columns or not len(rows):
            lost.append(f"{c.patient}, {c.variable}")
            continue
        value = to_value(c.value, mapped.dictionary[c.variable])
        if frame[c.variable].dtype != object and not isinstance(value, float):
            frame[c.variable] = frame[c.variable].astype(object)
        frame.loc[frame.index[rows], c.variable] = value
        corrected += 1
    gone = {exclusion.patient for exclusion in mapping.exclusions}
    lost += [patient for patient in gone if patient not in rows_of]
    kept = (~names.isin(gone)).to_numpy()
    left = replace(mapped, frame=frame[kept].reset_index(drop=True), lines=np.asarray(mapped.lines)[kept])
    return left, int((~kept).sum()), corrected, tuple(lost)


def to_value(text: str, variable: Variable) -> Any:
    """A corrected value as it stands in a frame: a number where it is one, missing where it is empty."""
    text = text.strip()
    if not text:
        return np.nan
    if variable.kind in ("continuous", "duration", "event"):
        try:
            return float(text)
        except ValueError:
            return text  # said to be no number when it is examined
    return text


def list_patients(examined: Examined, finding: Finding) -> tuple[str, ...]:
    """The identifiers of a finding's patients, as they stand in the file; "" where there is none."""
    names = examined.mapped.frame[examined.mapped.dictionary.identifier.name].iloc[list(finding.rows)]
    return tuple("" if pd.isna(name) else str(name).strip() for name in names)


def exclude_patients(mapping: Mapping, patients: Iterable[str], reason: str) -> Mapping:
    """The mapping that leaves these patients out; who is out already stays out for the reason given first."""
    known = {exclusion.patient for exclusion in mapping.exclusions}
    new = [Exclusion(patient, reason) for patient in dict.fromkeys(patients) if patient and patient not in known]
    return replace(mapping, exclusions=(*mapping.exclusions, *new))


def correct_values(mapping: Mapping, corrections: Iterable[Correction]) -> Mapping:
    """The mapping with these values in the place of what was corrected before."""
    held = {(c.patient, c.variable): c for c in mapping.corrections}
    held |= {(c.patient, c.variable): c for c in corrections}
    return replace(mapping, corrections=tuple(held.values()))


def accept_finding(mapping: Mapping, finding: Finding, note: str) -> Mapping:
    """The mapping that lets a finding stand, with a note.

    Raises
    ------
    ValueError
        If it is an error: patients with one are excluded or corrected.
    """
    if finding.severity == "error":
        raise ValueError(f"{finding.code} cannot be accepted: exclude the patients or correct them")
    others = tuple(a for a in mapping.accepted if a.code != finding.key)
    return replace(mapping, accepted=(*others, Acceptance(finding.key, note.strip() or "accepted")))


def take_back(mapping: Mapping) -> Mapping:
    """The mapping without any decision about its patients."""
    return replace(mapping, corrections=(), exclusions=(), accepted=())


def tabulate_rows(examined: Examined, finding: Finding, most: int | None = None) -> pd.DataFrame:
    """The rows of a finding: patient, line of the file, and the columns that it is about, as text."""
    rows = list(finding.rows[:most])
    identifier = examined.mapped.dictionary.identifier.name
    columns = [name for name in finding.columns if name in examined.mapped.frame.columns and name != identifier]
    shown = examined.mapped.frame[[identifier, *columns]].iloc[rows].reset_index(drop=True)
    text = shown.apply(lambda column: column.map(_plain)).astype(str)
    text.insert(1, "line", [str(line) for line in np.asarray(examined.mapped.lines)[rows]])
    return text.rename(columns={identifier: "patient"})


def report_findings(examined: Examined, mapping: Mapping) -> pd.DataFrame:
    """Every finding with each of its rows, and every decision, to be written into a file.

    Columns: ``severity`` ("error", "caution", "excluded", "corrected"), ``code``, ``patient``, ``line``, ``values``, ``what``,
    ``remedy`` and ``decision``.
    """
    rows: list[dict[str, str]] = []
    notes = {acceptance.code: acceptance.note for acceptance in mapping.accepted}
    for finding, accepted in zip(examined.findings, examined.is_accepted, strict=True):
        table = tabulate_rows(examined, finding)
        columns = list(table.columns[2:])
        for _, row in table.iterrows():
            rows.append(
                {
                    "severity": finding.severity,
                    "code": finding.code,
                    "patient": row["patient"],
                    "line": row["line"],
                    "values": "; ".join(f"{name} {row[name]}" for name in columns),
                    "what": finding.what,
                    "remedy": finding.remedy,
                    "decision": f"accepted: {notes[finding.key]}" if accepted else "",
                }
            )
    rows += [_decided("excluded", e.patient, "", e.reason) for e in mapping.exclusions]
    rows += [_decided("corrected", c.patient, c.variable, c.value or "empty") for c in mapping.corrections]
    names = ("severity", "code", "patient", "line", "values", "what", "remedy", "decision")
    return pd.DataFrame(rows, columns=list(names))


def _decided(severity: str, patient: str, values: str, decision: str) -> dict[str, str]:
    empty = dict.fromkeys(("code", "line", "what", "remedy"), "")
    return {"severity": severity, "patient": patient, "values": values, "decision": decision, **empty}


def _plain(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def note_decisions(examined: Examined, mapping: Mapping, dictionary: Dictionary) -> tuple[Note, ...]:
    """What was decided, as notes of the cohort."""
    words, notes = dictionary.words, []
    if examined.n_excluded:
        reasons = list(dict.fromkeys(exclusion.reason for exclusion in mapping.exclusions))
        notes.append(
            Note(
                "import-excluded",
                "caution",
                f"{examined.n_excluded} {words.of(examined.n_excluded)} of the file {_was(examined.n_excluded)} excluded when it "
                f"was opened: {'; '.join(reasons)}.",
                "The mapping lists them.",
            )
        )
    if examined.n_corrected:
        what = "value was" if examined.n_corrected == 1 else "values were"
        text = f"{examined.n_corrected} {what} corrected when the file was opened."
        notes.append(Note("import-corrected", "info", text, "The mapping lists them."))
    given = {acceptance.code: acceptance.note for acceptance in mapping.accepted}
    for finding in _accepted(examined):
        notes.append(
            Note("import-accepted", "info", f"Accepted ({given[finding.key]}): {finding.what}", finding.remedy)
        )
    return tuple(notes)


def _accepted(examined: Examined) -> Sequence[Finding]:
    return [f for f, accepted in zip(examined.findings, examined.is_accepted, strict=True) if accepted]


def _was(n: int) -> str:
    return "was" if n == 1 else "were"
