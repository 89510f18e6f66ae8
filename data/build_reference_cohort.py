"""The program that builds the synthetic reference cohort and the small example: python -m data.build_reference_cohort.

Nobody in it exists. The counts of the four predictors and the follow-up after relapse are fixed in calibration.toml;
everything else is drawn here from a seed, around those counts, so that each row makes clinical sense. Shares and ranges
without a source are assumptions. The draws use only Python's uniform numbers, which are the same in every version, so
the files come out the same byte for byte. They are written beside this program, or into the folder given after it.
"""

from __future__ import annotations

import csv
import io
import math
import sys
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

from data.draws import Draws

CALIBRATION_PATH = Path(__file__).parent / "calibration.toml"
COHORT_PATH = Path(__file__).parent / "reference_cohort.csv"
EXAMPLE_PATH = Path(__file__).parent / "example_missing_mrd.csv"
SEED = 67
EXAMPLE_SEED = 64
# The start of salvage treatment is drawn apart from all else, so that it changes no other draw.
SALVAGE_SEED_OFFSET = 1_000_000

DAYS_PER_MONTH = 30.4375
# Diagnoses from 1 January 2015 to 31 December 2019, seen until 30 June 2025.
DAYS_OF_ACCRUAL = 1826
DAYS_OF_STUDY = 3833
# The end of induction with its MRD on day 46: nobody in the cohort relapses or dies before.
END_OF_INDUCTION = 50

N_T_CELL = 33
N_T_CELL_RELAPSED = 5
N_BOYS = 257
N_BOYS_RELAPSED = 41
N_DEATHS_IN_REMISSION = 14
MEDIAN_AGE = 3.9

COLUMNS = (
    "patient_id",
    "age_years",
    "sex",
    "immunophenotype",
    "white_cells",
    "platelets",
    "haemoglobin",
    "thrombocytopenia",
    "bcr_abl1",
    "etv6_runx1",
    "tcf3_pbx1",
    "kmt2a_rearranged",
    "high_hyperdiploidy",
    "cns_status",
    "risk_group",
    "mrd_day19",
    "mrd_day46",
    "mrd_day19_percent",
    "mrd_day46_percent",
    "relapsed",
    "relapse_days",
    "end_of_therapy_days",
    "relapse_site",
    "relapse_timing_bfm",
    "relapse_timing_cog",
    "second_remission",
    "mrd_after_reinduction",
    "salvage_days",
    "salvage_treatment",
    "cart_days",
    "hsct_days",
    "second_relapse_days",
    "second_relapse",
    "os_relapse_days",
    "os_relapse_event",
    "os_days",
    "os_event",
    "cause_of_death",
)

# What the example brings: neither flags nor time groups, which the dictionary derives.
EXAMPLE_COLUMNS = (
    "patient_id",
    "age_years",
    "sex",
    "immunophenotype",
    "white_cells",
    "platelets",
    "bcr_abl1",
    "mrd_day19_percent",
    "mrd_day46_percent",
    "relapsed",
    "relapse_days",
    "end_of_therapy_days",
    "relapse_site",
    "salvage_treatment",
    "hsct_days",
    "os_relapse_days",
    "os_relapse_event",
    "os_days",
    "os_event",
)


@dataclass(eq=False, slots=True)
class Child:
    """One synthetic child; an attribute that stays None is an empty cell."""

    relapsed: bool
    thrombocytopenia: bool
    bcr_abl1: bool
    mrd_day19: bool
    mrd_day46: bool
    t_cell: bool = False
    boy: bool = False
    age_years: float = 0.0
    gene: str | None = None
    genes_known: bool = True
    ploidy_known: bool = True
    white_cells: float | None = None
    platelets: int = 0
    haemoglobin: int | None = None
    cns_status: str | None = None
    mrd_day19_percent: float | None = None
    mrd_day46_percent: float | None = None
    risk_group: str = ""
    relapse_days: int | None = None
    end_of_therapy_days: int = 0
    relapse_site: str | None = None
    second_remission: bool | None = None
    mrd_after_reinduction: bool | None = None
    salvage_days: int | None = None
    salvage_treatment: str | None = None
    cart_days: int | None = None
    hsct_days: int | None = None
    second_relapse_days: int | None = None
    os_relapse_days: int | None = None
    died: bool = False
    os_days: int = 0
    cause_of_death: str | None = None

    @property
    def is_lost_early(self) -> bool:
        """True if a survivor of relapse was last seen within two years of it."""
        return not self.died and self.os_relapse_days is not None and self.os_relapse_days < 730


def build_cohort(seed: int = SEED, path: Path = CALIBRATION_PATH) -> str:
    """The synthetic reference cohort as the text of a CSV file: 436 children, columns as in `COLUMNS`."""
    draws = Draws(seed)
    children = draws.shuffled(_children(draws, path))
    _draw_start_of_salvage([c for c in children if c.relapsed], Draws(seed + SALVAGE_SEED_OFFSET))
    return _text([_row(f"SYN{i:04d}", child) for i, child in enumerate(children, start=1)], COLUMNS)


def build_example(seed: int = EXAMPLE_SEED, path: Path = CALIBRATION_PATH) -> str:
    """A small synthetic cohort with missing MRD as CSV text: 60 children, columns as in `EXAMPLE_COLUMNS`."""
    draws = Draws(seed)
    children = _children(draws, path)
    chosen = draws.pick([c for c in children if c.relapsed], 20)
    chosen += draws.pick([c for c in children if not c.relapsed], 40)
    for child in draws.pick(chosen, 14, lambda c: 2 if c.relapsed else 1):
        child.mrd_day19_percent = None
    for child in draws.pick(chosen, 9):
        child.mrd_day46_percent = None
    rows = [_row(f"SYN{i:04d}", child) for i, child in enumerate(draws.shuffled(chosen), start=1001)]
    return _text(rows, EXAMPLE_COLUMNS)


def _children(draws: Draws, path: Path) -> list[Child]:
    with path.open("rb") as file:
        calibration = tomllib.load(file)
    children = _expand_cells(calibration["cells"])
    relapsed = [c for c in children if c.relapsed]
    _draw_baseline(children, draws)
    _draw_genes(children, draws)
    _draw_blood(children, draws)
    _draw_mrd(children, draws)
    for child in children:
        child.risk_group = _risk_group(child)
    _draw_relapse(relapsed, calibration, draws)
    _draw_time_to_relapse(relapsed, draws)
    _draw_salvage(relapsed, draws)
    _draw_remission(relapsed, draws)
    _draw_second_relapse(relapsed, draws)
    _draw_follow_up(children, draws)
    _draw_missing(children, draws)
    return children


def _expand_cells(cells: dict[str, list[int]]) -> list[Child]:
    return [
        Child(relapsed, bool(i & 1), bool(i & 2), bool(i & 4), bool(i & 8))
        for relapsed, counts in ((True, cells["relapsed"]), (False, cells["not_relapsed"]))
        for i, count in enumerate(counts)
        for _ in range(count)
    ]


def _draw_baseline(children: list[Child], draws: Draws) -> None:
    """Immunophenotype, sex and age."""
    for relapsed, n_t_cell, n_boys in (
        (True, N_T_CELL_RELAPSED, N_BOYS_RELAPSED),
        (False, N_T_CELL - N_T_CELL_RELAPSED, N_BOYS - N_BOYS_RELAPSED),
    ):
        group = [c for c in children if c.relapsed == relapsed]
        # T-ALL clears more slowly, and BCR::ABL1 does not occur in it here.
        for child in draws.pick(group, n_t_cell, lambda c: 0 if c.bcr_abl1 else 2 if c.mrd_day19 else 1):
            child.t_cell = True
        for child in draws.pick(group, n_boys, lambda c: 2 if c.t_cell else 1.3 if c.bcr_abl1 else 1):
            child.boy = True
    n = len(children)
    distribution = NormalDist(math.log(MEDIAN_AGE), 0.72)
    low, high = distribution.cdf(math.log(0.3)), distribution.cdf(math.log(16.9))
    quantiles = ((i + draws.uniform()) / n for i in range(n))
    ages = [round(math.exp(distribution.inv_cdf(q)), 1) for q in quantiles if low < q < high]
    ages += [round(draws.uniform(11, 15.9), 1) for _ in range(n - len(ages))]
    ages.sort()
    # Both middle ages are set, so that the median of an even number of children is what was reported.
    ages[n // 2 - 1] = ages[n // 2] = MEDIAN_AGE
    older = {c: draws.normal() + 0.9 * c.t_cell + 0.8 * c.bcr_abl1 + 0.3 * c.relapsed for c in children}
    for child, age in zip(sorted(children, key=older.__getitem__), ages, strict=True):
        child.age_years = age


def _draw_genes(children: list[Child], draws: Draws) -> None:
    """At most one of the genetic groups in a child; TCF3::PBX1 as often as in Pang 2015, the others assumed."""

    def is_preschool(child: Child) -> bool:
        return 1.5 <= child.age_years <= 8

    # Children who relapsed, then those who did not.
    for relapsed, n_kmt2a, n_etv6, n_hyperdiploid, n_tcf3 in ((True, 6, 5, 6, 3), (False, 13, 67, 62, 15)):
        group = [c for c in children if c.relapsed == relapsed and not c.bcr_abl1]
        for child in draws.pick(group, n_kmt2a, lambda c: 40 if c.age_years < 1 else 3 if c.age_years < 2 else 0.4):
            child.gene = "kmt2a_rearranged"
        for gene, n, weight in (
            ("etv6_runx1", n_etv6, lambda c: (4 if is_preschool(c) else 0.4) * (1 if c.mrd_day19 else 2)),
            ("high_hyperdiploidy", n_hyperdiploid, lambda c: 3 if is_preschool(c) else 0.5),
            ("tcf3_pbx1", n_tcf3, lambda c: 1.0),
        ):
            free = [c for c in group if c.gene is None and not c.t_cell and c.age_years >= 1]
            for child in draws.pick(free, n, weight):
                child.gene = gene


def _draw_blood(children: list[Child], draws: Draws) -> None:
    """White cells, platelets, haemoglobin and CNS status; platelets by the bands of CCLG-ALL 2008 (243, 263, 123)."""
    medians = {"kmt2a_rearranged": 90.0, "high_hyperdiploidy": 6.0, "etv6_runx1": 9.0, "tcf3_pbx1": 20.0}
    for child in children:
        median = 65.0 if child.t_cell else 30.0 if child.bcr_abl1 else medians.get(child.gene or "", 9.5)
        child.white_cells = round(draws.log_normal(median * (1.3 if child.relapsed else 1), 1.25, 0.6, 650), 1)
        child.haemoglobin = min(145, max(32, round(draws.normal(100 if child.t_cell else 76, 20))))
        band = draws.uniform(0, 243 + 263 + 123)
        if not child.thrombocytopenia:
            child.platelets = round(draws.log_normal(170, 0.45, 100, 560))
        elif band < 243:
            child.platelets = draws.days(50, 99)
        elif band < 243 + 263:
            child.platelets = draws.days(20, 49)
        else:
            child.platelets = draws.days(3, 19)
    for child in children:
        child.cns_status = "CNS1"

    def involved(child: Child) -> float:
        white_cells = child.white_cells or 0.0
        return (
            (3 if child.t_cell else 1)
            * (2 if white_cells >= 50 else 1)
            * (2 if child.gene == "kmt2a_rearranged" else 1)
        )

    for status, n in (("CNS3", 11), ("CNS2", 31)):
        for child in draws.pick([c for c in children if c.cns_status == "CNS1"], n, involved):
            child.cns_status = status


def _draw_mrd(children: list[Child], draws: Draws) -> None:
    """Values of MRD in per cent: 0.01 and over where it is positive, falling from day 19 to day 46."""
    for child in children:
        day19, day46 = 0.0, 0.0
        if child.mrd_day46:
            high = 12.0 if child.mrd_day19 else 0.05
            day46 = draws.log_normal(0.2 if child.mrd_day19 else 0.02, 1.9, 0.01, high)
        elif draws.chance(0.1):
            day46 = draws.uniform(0.001, 0.009)
        if child.mrd_day19:
            # Still positive on day 46 means a high value on day 19.
            day19 = draws.log_normal(max(0.25, 4 * day46), 1.5, max(0.011, 1.5 * day46), 80)
        elif child.mrd_day46 or draws.chance(0.25):
            day19 = draws.uniform(0.002, 0.009)
        if not child.mrd_day19 and not child.mrd_day46:
            day46 = min(day46, day19)
        child.mrd_day19_percent, child.mrd_day46_percent = _round_percent(day19), _round_percent(day46)


def _round_percent(value: float) -> float:
    return round(value, 3 if value < 0.1 else 2 if value < 10 else 1)


def _risk_group(child: Child) -> str:
    """A simplified risk group after day 46, as the dictionary defines it."""
    day19, day46 = child.mrd_day19_percent or 0.0, child.mrd_day46_percent or 0.0
    if day46 >= 1 or (child.gene == "kmt2a_rearranged" and child.age_years < 1):
        return "high"
    is_standard = 1 <= child.age_years < 10 and (child.white_cells or 0.0) < 50
    is_favourable = child.gene in ("etv6_runx1", "high_hyperdiploidy") or is_standard
    is_adverse = child.t_cell or child.bcr_abl1 or child.gene in ("tcf3_pbx1", "kmt2a_rearranged")
    if is_favourable and not is_adverse and child.cns_status != "CNS3" and day19 < 1 and day46 < 0.01:
        return "low"
    return "intermediate"


def _draw_relapse(relapsed: list[Child], calibration: dict[str, Any], draws: Draws) -> None:
    """Site of relapse and, within marrow and isolated extramedullary relapse, the fixed follow-up."""
    sites = calibration["sites"]
    weights: dict[str, Callable[[Child], float]] = {
        "CNS and testicular": lambda c: c.boy,
        "isolated testicular": lambda c: c.boy * (0 if c.t_cell else 1),
        "marrow and testicular": lambda c: c.boy,
        "isolated CNS": lambda c: 3 if c.t_cell else 1.5 if c.bcr_abl1 else 1,
        "marrow and CNS": lambda c: 2 if c.t_cell else 1,
    }
    for site, weight in weights.items():
        for child in draws.pick([c for c in relapsed if c.relapse_site is None], sites[site], weight):
            child.relapse_site = site
    for child in relapsed:
        child.relapse_site = child.relapse_site or "isolated marrow"

    def follow(child: Child, record: dict[str, int]) -> None:
        child.os_relapse_days, child.died = record["days"], bool(record["died"])
        child.hsct_days = record.get("hsct_days")

    follow_up = calibration["follow_up"]
    marrow = [c for c in relapsed if "marrow" in (c.relapse_site or "")]
    extramedullary = [c for c in relapsed if c not in marrow]
    # BCR::ABL1 and T-ALL were transplanted rather than not.
    with_hsct = draws.pick(marrow, len(follow_up["marrow_with_hsct"]), lambda c: 2 if c.bcr_abl1 or c.t_cell else 1)
    groups = {
        "marrow_with_hsct": with_hsct,
        "marrow_without_hsct": [c for c in marrow if c not in with_hsct],
        "isolated_extramedullary": extramedullary,
    }
    for name, group in groups.items():
        adverse = {c: draws.normal() + c.mrd_day46 + c.bcr_abl1 + c.t_cell + (c.risk_group != "low") for c in group}
        group = sorted(group, key=adverse.__getitem__)
        records = draws.shuffled([r for r in follow_up[name] if not r["died"]])
        records += [r for r in follow_up[name] if r["died"]]
        for child, record in zip(group, records, strict=True):
            follow(child, record)


def _draw_time_to_relapse(relapsed: list[Child], draws: Draws) -> None:
    """End of therapy and time to relapse, about 37% very early, 35% early and 28% late, with a median of 22 months."""
    n_very_early, n_early, n_late = 24, 22, 18
    times = [
        *(110 + 435 * draws.uniform(i, i + 1) ** 1.7 / n_very_early**1.7 for i in range(n_very_early)),
        *(550 + 490 * draws.uniform(i, i + 1) ** 1.5 / n_early**1.5 for i in range(n_early)),
        *(1100 + 1250 * draws.uniform(i, i + 1) ** 1.4 / n_late**1.4 for i in range(n_late)),
    ]

    def lateness(child: Child) -> float:
        days = child.os_relapse_days or 0
        score = draws.normal(0, 0.8) - 1.0 * child.died - child.t_cell - 0.4 * child.bcr_abl1 - 0.5 * child.mrd_day46
        score += 0.8 * (child.gene == "etv6_runx1") + 0.6 * ("testicular" in (child.relapse_site or ""))
        # Who was seen briefly at the end of the study relapsed late; who was seen for years, early.
        return score + 1.2 * child.is_lost_early - 1.2 * (days > 2200)

    scores = {c: lateness(c) for c in relapsed}
    ordered = sorted(relapsed, key=scores.__getitem__)
    for child, days in zip(ordered, times, strict=True):
        child.relapse_days = round(days)
    for child in sorted(relapsed, key=lambda c: -(c.os_relapse_days or 0)):
        _bring_forward(child, ordered)
    for child in relapsed:
        child.end_of_therapy_days = draws.days(866, 914)


def _bring_forward(child: Child, relapsed: Sequence[Child]) -> None:
    """Relapse exchanged with a later survivor's who has room for it, where follow-up ends after the study."""

    def is_within(follow_up: int | None, relapse: int | None) -> bool:
        return (follow_up or 0) + (relapse or 0) <= DAYS_OF_STUDY - 20

    if is_within(child.os_relapse_days, child.relapse_days):
        return
    fitting = [
        other
        for other in relapsed
        if is_within(child.os_relapse_days, other.relapse_days) and is_within(other.os_relapse_days, child.relapse_days)
    ]
    other = max(fitting, key=lambda c: c.relapse_days or 0)
    child.relapse_days, other.relapse_days = other.relapse_days, child.relapse_days


def _draw_salvage(relapsed: list[Child], draws: Draws) -> None:
    """What was finally given; CAR-T in B-ALL only, five times alone after marrow relapse, six times before HSCT."""
    for child in relapsed:
        child.salvage_treatment = "HSCT" if child.hsct_days is not None else "chemotherapy"

    def is_open_to_cart(child: Child) -> bool:
        return not child.t_cell and (child.os_relapse_days or 0) > 250

    no_hsct = [c for c in relapsed if c.hsct_days is None and "marrow" in (c.relapse_site or "")]
    alone = draws.pick(no_hsct, 5, lambda c: 0 if not is_open_to_cart(c) else 2 if c.mrd_day46 or c.bcr_abl1 else 1)
    extramedullary = [c for c in relapsed if c.hsct_days is None and c not in no_hsct]
    alone += draws.pick(extramedullary, 1, lambda c: is_open_to_cart(c))
    for child in alone:
        child.salvage_treatment = "CAR-T"
        child.cart_days = draws.days(55, min(160, (child.os_relapse_days or 0) - 60))
    with_hsct = [c for c in relapsed if c.hsct_days is not None and not c.t_cell and c.hsct_days >= 115]
    for child in draws.pick(with_hsct, 6, lambda c: 2 if c.mrd_day46 else 1):
        child.cart_days = draws.days(42, (child.hsct_days or 0) - 45)


def _draw_start_of_salvage(relapsed: list[Child], draws: Draws) -> None:
    """Days from relapse to the start of salvage treatment: mostly within a week, never after anything it precedes."""
    for child in relapsed:
        later = (child.cart_days, child.hsct_days, child.second_relapse_days, child.os_relapse_days)
        latest = min(days for days in later if days is not None)
        child.salvage_days = min(latest, round(draws.log_normal(5, 0.5, 2, 14)))


def _draw_remission(relapsed: list[Child], draws: Draws) -> None:
    """Second remission in 54 of 64, and its MRD: more often positive where marrow was involved."""
    with_hsct = [c for c in relapsed if c.salvage_treatment == "HSCT"]
    no_hsct = [c for c in relapsed if c.hsct_days is None and "marrow" in (c.relapse_site or "")]
    without = draws.pick(with_hsct, 4, lambda c: 2 if c.died else 1 if c.is_lost_early else 0)
    without += draws.pick(
        no_hsct, 6, lambda c: 0 if (c.os_relapse_days or 0) > 500 else 10 if c.died else 1 if c.is_lost_early else 0
    )
    for child in relapsed:
        child.second_remission = child not in without
    reached = [c for c in relapsed if c.second_remission]
    for child in reached:
        likely = 0.2 if "marrow" not in (child.relapse_site or "") else 0.65 if child.mrd_day46 else 0.45
        child.mrd_after_reinduction = draws.chance(likely + 0.25 * child.died)


def _draw_second_relapse(relapsed: list[Child], draws: Draws) -> None:
    """Causes of death after relapse and second relapses: before death from leukaemia in CR2, and of seven survivors."""
    died = [c for c in relapsed if c.died]
    in_remission = [c for c in died if c.second_remission]
    # Death from treatment in remission is taken to come within months of HSCT.
    after_hsct = [c for c in in_remission if c.hsct_days is not None and (c.os_relapse_days or 0) < c.hsct_days + 230]
    treatment = draws.pick(after_hsct, 3)
    for child in died:
        child.cause_of_death = "treatment-related" if child in treatment else "leukaemia"
    second = [c for c in in_remission if c not in treatment]
    alive = [c for c in relapsed if c.second_remission and not c.died and (c.os_relapse_days or 0) > 350]
    second += draws.pick(alive, 7, lambda c: 2 if c.mrd_after_reinduction else 1)
    for child in second:
        last = child.os_relapse_days or 0
        treated = max(child.hsct_days or 0, child.cart_days or 0, 90)
        child.second_relapse_days = draws.days(treated + 30, max(treated + 30, min(last - 30, treated + 500)))


def _draw_follow_up(children: list[Child], draws: Draws) -> None:
    """Time from diagnosis to last contact or death, and death without relapse."""
    others = [c for c in children if not c.relapsed]
    died = draws.pick(others, N_DEATHS_IN_REMISSION, lambda c: 4 if c.risk_group == "high" else 1)
    lost = draws.pick([c for c in others if c not in died], 18)
    for child in children:
        if child.relapsed:
            child.os_days = (child.relapse_days or 0) + (child.os_relapse_days or 0)
            continue
        child.end_of_therapy_days = draws.days(866, 914)
        diagnosis = draws.days(0, DAYS_OF_ACCRUAL - 1)
        child.os_days = DAYS_OF_STUDY - diagnosis - draws.days(0, 150)
        if child in lost:
            child.os_days = draws.days(300, 1500)
        if child in died:
            child.died = True
            child.os_days = round(draws.log_normal(200, 0.8, END_OF_INDUCTION + 2, 1100))
            child.cause_of_death = "treatment-related"
    for child in died[:2]:
        child.cause_of_death = "other"


def _draw_missing(children: list[Child], draws: Draws) -> None:
    """Cells that are empty by chance; the four predictors, times and events are complete."""
    for child in draws.pick(children, 9):
        child.cns_status = None
    for child in draws.pick(children, 13):
        child.haemoglobin = None
    for child in draws.pick(children, 5):
        child.white_cells = None
    for child in draws.pick(children, 17):
        child.genes_known = False
    for child in draws.pick(children, 9):
        child.ploidy_known = False
    for child in draws.pick(children, 20):
        child.mrd_day19_percent = None
    for child in draws.pick(children, 20):
        child.mrd_day46_percent = None
    for child in draws.pick([c for c in children if c.mrd_after_reinduction is not None], 8):
        child.mrd_after_reinduction = None


def relapse_timing_bfm(relapse_days: int, end_of_therapy_days: int) -> str:
    """The BFM time group of a relapse (Fuster 2014, doi:10.5315/wjh.v3.i3.49); both times in days from diagnosis."""
    if relapse_days < 18 * DAYS_PER_MONTH:
        return "very early"
    return "early" if relapse_days < end_of_therapy_days + 6 * DAYS_PER_MONTH else "late"


def relapse_timing_cog(relapse_days: int) -> str:
    """The COG time group of a relapse (Rheingold 2024, doi:10.1038/s41375-024-02395-4), in days from diagnosis."""
    if relapse_days < 18 * DAYS_PER_MONTH:
        return "early"
    return "intermediate" if relapse_days < 36 * DAYS_PER_MONTH else "late"


def _row(patient_id: str, child: Child) -> dict[str, object]:
    def flag(value: bool | None, words: tuple[str, str] = ("negative", "positive")) -> str | None:
        return None if value is None else words[value]

    def gene(name: str, known: bool) -> str | None:
        return flag(child.gene == name) if known else None

    no_yes = ("no", "yes")
    row: dict[str, object] = {
        "patient_id": patient_id,
        "age_years": child.age_years,
        "sex": "male" if child.boy else "female",
        "immunophenotype": "T" if child.t_cell else "B",
        "white_cells": child.white_cells,
        "platelets": child.platelets,
        "haemoglobin": child.haemoglobin,
        "thrombocytopenia": flag(child.thrombocytopenia, no_yes),
        "bcr_abl1": flag(child.bcr_abl1),
        "etv6_runx1": gene("etv6_runx1", child.genes_known),
        "tcf3_pbx1": gene("tcf3_pbx1", child.genes_known),
        "kmt2a_rearranged": gene("kmt2a_rearranged", child.genes_known),
        "high_hyperdiploidy": gene("high_hyperdiploidy", child.genes_known and child.ploidy_known),
        "cns_status": child.cns_status,
        "risk_group": child.risk_group,
        "mrd_day19": flag(child.mrd_day19),
        "mrd_day46": flag(child.mrd_day46),
        "mrd_day19_percent": child.mrd_day19_percent,
        "mrd_day46_percent": child.mrd_day46_percent,
        "relapsed": int(child.relapsed),
        "end_of_therapy_days": child.end_of_therapy_days,
        "os_days": child.os_days,
        "os_event": int(child.died),
        "cause_of_death": child.cause_of_death,
    }
    if child.relapse_days is not None:
        row |= {
            "relapse_days": child.relapse_days,
            "relapse_site": child.relapse_site,
            "relapse_timing_bfm": relapse_timing_bfm(child.relapse_days, child.end_of_therapy_days),
            "relapse_timing_cog": relapse_timing_cog(child.relapse_days),
            "second_remission": flag(child.second_remission, no_yes),
            "mrd_after_reinduction": flag(child.mrd_after_reinduction),
            "salvage_days": child.salvage_days,
            "salvage_treatment": child.salvage_treatment,
            "cart_days": child.cart_days,
            "hsct_days": child.hsct_days,
            "second_relapse_days": child.second_relapse_days,
            "second_relapse": flag(child.second_relapse_days is not None, no_yes),
            "os_relapse_days": child.os_relapse_days,
            "os_relapse_event": int(child.died),
        }
    return row


def _text(rows: Sequence[dict[str, object]], columns: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = (row.get(name) for name in columns)
        writer.writerow(f"{value:g}" if isinstance(value, float) else value for value in cells)
    return text.getvalue()


def main(folder: Path) -> None:
    """Both files written into ``folder``."""
    for path, text in ((COHORT_PATH, build_cohort()), (EXAMPLE_PATH, build_example())):
        (folder / path.name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
