"""The pathway in words, as it is drawn: the texts of ``data/disease.toml`` with the numbers of a selection in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analytics.analyses import load_analyses
from analytics.cohort.filters import Clause
from analytics.figures.glance.pathway import DrawnStep, DrawnWay
from analytics.formats import format_count, format_hidden, format_patients, format_percent, format_years, name_patients
from analytics.learning.disease import open_disease, tell
from analytics.learning.pathway import DAY, Opens, Pathway, Step, Way
from analytics.reporting.curves import MILESTONE_YEARS
from analytics.reporting.estimates import format_probability
from analytics.reporting.reasons import say_why
from analytics.reporting.tables import unbroken
from analytics.results import Estimate

Texts = Mapping[str, Any]


class Mapped:
    """A pathway in words, with survival at so many ``years``."""

    def __init__(self, pathway: Pathway, years: int) -> None:
        self._pathway, self._years = pathway, years
        self._place = MILESTONE_YEARS.index(years)
        content = open_disease()["pathway"]
        self._texts: Texts = tell(content)
        self._plans: Mapping[str, Texts] = {plan["id"]: tell(plan) for plan in content["steps"]}
        self._titles = {analysis.slug: analysis.title for analysis in load_analyses()}

    @property
    def title(self) -> str:
        """What the map is called."""
        return str(self._texts["title"])

    @property
    def label(self) -> str:
        """What the map is called where it is not seen."""
        return self._say("label")

    @property
    def about(self) -> str:
        """How the map is read."""
        whose = self._say("whose_reference" if self._pathway.instead else "whose")
        about = self._say("about", whose=whose, years=format_years(self._years))
        return about if self._pathway.instead else f"{about} {self._say('press')}"

    @property
    def instead(self) -> str:
        """Why the patients are those of the reference cohort; "" where they are those of the selection."""
        if not self._pathway.instead:
            return ""
        return f"{self._say(self._pathway.instead)} {self._say('in_reference', n=format_count(self._pathway.n))}"

    @property
    def in_list(self) -> str:
        """What the list is called."""
        return self._say("list")

    @property
    def narrow(self) -> str:
        """What the link to a map of those of one way is called."""
        return self._say("narrow")

    def draw(self, to: Callable[[Opens], str], narrowed: Callable[[Clause], str]) -> tuple[DrawnStep, ...]:
        """The steps as they are drawn, with the addresses of what their ways open; none of those of the reference cohort."""
        self._to: Callable[[Opens], str] = (lambda opens: "") if self._pathway.instead else to
        self._narrowed: Callable[[Clause], str] = (lambda clause: "") if self._pathway.instead else narrowed
        return tuple(map(self._draw_step, self._pathway.steps))

    def _say(self, key: str, **terms: str) -> str:
        return name_patients(str(self._texts[key])).format(**terms)

    def _draw_step(self, step: Step) -> DrawnStep:
        texts = self._plans[step.id]
        if not step.ways:
            return DrawnStep(texts["title"], self._say("lacking"), ())
        incidence = ""
        if step.incidence:
            at = step.incidence[self._place]
            incidence = self._say("incidence", years=format_years(self._years), share=format_probability(at))
        said = name_patients(texts["said"]).format(incidence=incidence, day=str(DAY)).strip()
        if step.counts == "diagnosis" and not step.ways[0].survival:
            said = self._say("chosen_later")
        whole = sum(way.n for way in step.ways)
        ways = tuple(self._draw_way(step, way, whole, texts) for way in step.ways)
        return DrawnStep(texts["title"], said, ways, step.flows)

    def _draw_way(self, step: Step, way: Way, whole: int, texts: Texts) -> DrawnWay:
        label = way.label or self._name(way, texts)
        counted = (
            format_patients(way.n)
            if step.counts == "diagnosis"
            else self._say("counted", n=format_count(way.n), whole=format_count(whole))
        )
        counted += f", {self._say('died', n=format_count(way.n_event))}"
        at = way.survival[self._place] if way.survival else None
        address = self._to(way.opens) if way.opens is not None else ""
        return DrawnWay(
            label=label,
            counted=counted,
            fared="" if at is None else unbroken(self._fared(step, way, at)),
            n=way.n,
            value=None if at is None else at.value,
            low=None if at is None or at.interval is None else at.interval.low,
            high=None if at is None or at.interval is None else at.interval.high,
            address=address,
            opens=self._say("opens", page=self._titles[way.opens.page]) if way.opens is not None and address else "",
            narrowed="" if way.narrows is None or step.counts != "baseline" else self._narrowed(way.narrows),
            within=tuple(self._draw_way(step, finer, way.n, texts) for finer in way.within),
        )

    def _name(self, way: Way, texts: Texts) -> str:
        if way.id == "unknown":
            return self._say("unknown")
        if way.id == "all" and self._pathway.instead:
            return self._say("all_reference")
        return name_patients(str(texts["other" if way.id == "not" else "way"]))

    def _fared(self, step: Step, way: Way, at: Estimate) -> str:
        """How they fared, with the interval, or why that is not told."""
        followed = ""
        if way.n_followed == 0:
            return self._say("none_followed", day=str(DAY))
        if way.n_followed is not None:
            key = "with_follow_up" if step.counts == "baseline" else "of_followed"
            if step.counts == "treatment":
                key = "untreated_by" if way is step.ways[0] else "treated_by"
            followed = self._say(key, n=format_count(way.n_followed), day=str(DAY))
        years = format_years(self._years)
        if at.value is None:
            return followed + self._say("untold", years=years, why=say_why(at.reason))
        if at.interval is None:
            share = f"{format_percent(at.value)} ({self._say('no_interval')})"
        elif at.interval.is_one_sided:
            share = f"{format_percent(at.value)} ({format_hidden(at.interval, survives=True)})"
        else:
            share = format_probability(at)
        key = "from_diagnosis" if step.counts == "diagnosis" else "survival"
        return f"{followed}{self._say(key, years=years)}: {share}"
