"""What the product calls a patient, and its phrases on a disease: those of the dictionary, and general ones elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# The phrases that texts leave to the dictionary, each with the general one. "relapse" is the event of the role of that name,
# and "clock" the day from which the times of treatment count; these and treatments follow from variables.
GENERAL: Mapping[str, str] = {
    "relapse": "event",
    "relapses": "events",
    "had_relapse": "had the event",
    "not_relapsed": "did not have the event",
    "with_relapse": "with the event",
    "without_relapse": "without the event",
    "free": "before the event",
    "first_free": "before the event",
    "not_had": "without the event",
    "to_relapse": "to have the event",
    "again": "second event",
    "whom": "all of them",
    "start": "the start",
    "known_early": "beforehand",
    "usual_factors": "those that the dictionary lists",
    "usual_subgroups": "those that the dictionary lists",
    "first_events": "have the event, or another event before it",
    "not_on_record": "Other reasons for treatment",
    "sites": "the groups",
    "phase_diagnosis": "diagnosis",
    "phase_relapse": "the event",
    "goes_with": "What goes with the event",
    "later_events": "",
    "beforehand": "known beforehand",
    "site": "kind of event",
    "site_of_relapse": "the kind of the event",
    "by_site": "by the kind of their event",
    "treatments": "Treatments",
    "treatments_by_day": "by what they had had by a day",
    "not_yet": "not yet treated",
    "decided_by": "the course of the disease",
    "fit": "who fare well",
    "clock": "the start",
    "HSCT": "treatment",
    "CAR-T": "another treatment",
    "neither": "no treatment",
    "CAR-T or HSCT": "treatment",
    "salvage treatment": "treatment",
    "given HSCT": "treated",
    "relapses compared": "of the kind compared",
    "why relapses are told apart": "",
    "sites in two": "two groups",
    "sites together": "",
    "sites apart": "",
    "isolated": "",
    "unknown deaths": "may have been of the disease or not. The incidences of death from it and of other deaths are too low "
    "by as much.",
    "as a band": "",
    "endpoints in short": "OS: overall survival, until death. EFS: event-free survival, until the first event or death.",
    "title": "Outcomes",
    "about": "Outcomes of {patients}.",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What the product calls a patient, one and several; general words where the dictionary has no others.

    ``phrases`` are what it says of a disease, each under the name that stands for it in the code.
    """

    noun: str = "patient"
    plural: str = "patients"
    phrases: Mapping[str, str] = field(default_factory=dict, hash=False)

    def of(self, n: float) -> str:
        """The word after a number of them."""
        return self.noun if n == 1 else self.plural

    @property
    def head(self) -> str:
        """The word for several, as a heading begins."""
        return self.plural[:1].upper() + self.plural[1:]
