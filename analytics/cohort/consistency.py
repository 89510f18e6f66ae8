"""The rules of a dictionary as checks of a file that brings their columns."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.cohort.engine import number
from analytics.cohort.patient_file import PatientFile
from analytics.cohort.validation import Check
from analytics.data_rules import Condition, Severity


def list_rule_checks(file: PatientFile, severity: Severity) -> Iterator[Check]:
    """The rules of one severity that the columns of the file allow."""
    for rule in file.dictionary.rules:
        if rule.severity == severity and file.has(*rule.columns):
            holds = " AND ".join(_condition(file, condition) for condition in rule.conditions)
            yield Check(rule.name, rule.what, holds, rule.remedy, others=rule.columns, then=rule.then)


def _condition(file: PatientFile, condition: Condition) -> str:
    """The condition as the engine reads it: False where it cannot be told."""
    name, asked = condition.variable, []
    variable = file.dictionary[name]
    if condition.levels:
        positions = condition.levels if variable.kind == "event" else map(variable.levels.index, condition.levels)
        asked.append(f"coalesce({file.value(name)} IN ({', '.join(map(str, positions))}), false)")
    if condition.is_known is not None:
        asked.append(file.given(name) if condition.is_known else f"NOT {file.given(name)}")
    for limit, sign in ((condition.above, ">"), (condition.below, "<")):
        if limit is not None:
            other = file.number(limit) if isinstance(limit, str) else number(limit)
            asked.append(f"coalesce({file.number(name)} {sign} {other} + {number(condition.by)}, false)")
    return " AND ".join(asked)
