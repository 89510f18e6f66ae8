"""Published outcomes of large series and trials beside those of the cohort, at the same time from the same day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from analytics.analysis import Analysis, Control, Params
from analytics.cohort import Cohort
from analytics.cohort.filters import CohortFilter
from analytics.comparisons.published import (
    PublishedFrame,
    compare_published,
    draw_curve,
    list_horizons,
    list_published_controls,
    prepare_published,
)
from analytics.comparisons.regression import draw_forest
from analytics.comparisons.requirements import endpoint_with
from analytics.comparisons.survival import headline_events, headline_patients
from analytics.dictionary import dictionary_in_hand, load_dictionary
from analytics.document import Headline, HtmlFigure
from analytics.estimators.second_opinion.curves import compare_curves
from analytics.figures.forest.published import describe_published, plot_published
from analytics.formats import format_count
from analytics.frames import endpoint_columns
from analytics.reporting.attrition import Used
from analytics.reporting.literature import load_literature
from analytics.reporting.published import (
    PublishedComparison,
    answer_published,
    frame_compared,
    frame_listed,
    say_published,
    tabulate_compared,
    tabulate_listed,
    tabulate_series,
)
from analytics.reporting.tables import Table
from analytics.results.second_opinion import Compared


class PublishedOutcomesAnalysis(Analysis[PublishedFrame, PublishedComparison]):
    """Published outcomes beside those of the cohort."""

    slug = "published-outcomes"
    title = "Published outcomes"
    question = "How do these {patients} fare beside those of published series and trials?"
    section = "Survival"
    order = 80
    icon = ":material/menu_book:"
    method = (
        "Kaplan–Meier estimates at the time that each publication gives, only where it counts the same events from the same "
        "day; of the same kind of {patients} where the columns tell them, else of everybody. Published intervals as printed, or "
        "1.96 printed standard errors on either side. Nothing is adjusted, and nothing is tested."
    )
    files = ("comparison", "published")
    is_protected = True

    @property
    def requires(self) -> tuple[tuple[str, ...], ...]:
        literature, dictionary = load_literature(), dictionary_in_hand()
        names = [name for _, _, name in literature.matches]
        alike = endpoint_with(among=lambda e: e.name in names and literature.is_alike(e, dictionary))
        # A dictionary of another disease has none of them: it is told what the simplest would need.
        return alike or (endpoint_columns(load_dictionary().endpoint(names[0])),)

    def controls(self, cohort: Cohort) -> tuple[Control, ...]:
        return list_published_controls(cohort.dictionary)

    def prepare(self, cohort: Cohort, cohort_filter: CohortFilter, params: Params) -> PublishedFrame:
        return prepare_published(cohort, cohort_filter, params)

    def estimate(self, frame: PublishedFrame, params: Params) -> PublishedComparison:
        return compare_published(frame, params)

    def headlines(self, result: PublishedComparison) -> tuple[Headline, ...]:
        compared, listed = format_count(len(result.compared)), format_count(len(result.listed))
        about = (
            f"Of {listed} asked for: those that count the same events from the same day. In all {result.n_published}."
        )
        return (
            headline_patients(result.frame),
            headline_events(result.frame, ""),
            Headline("Published results compared", compared, about),
        )

    def figure(self, result: PublishedComparison, params: Params) -> HtmlFigure:
        return draw_forest(plot_published(result))

    def caption(self, result: PublishedComparison, params: Params) -> str:
        if not result.compared:
            return ""
        return "Thin: published. Thick: this selection, at the same time. Populations differ, and nothing is adjusted."

    def alt_text(self, result: PublishedComparison) -> str:
        return describe_published(result)

    def tables(self, result: PublishedComparison) -> tuple[Table, ...]:
        listed = result.listed
        if not listed:
            return ()
        compared = (tabulate_compared(result),) if result.compared else ()
        return (*compared, tabulate_listed(listed), tabulate_series(listed))

    def answer(self, result: PublishedComparison) -> tuple[str, ...]:
        return answer_published(result)

    def sentences(self, result: PublishedComparison) -> tuple[str, ...]:
        return say_published(result)

    def used(self, result: PublishedComparison) -> Used:
        return Used.from_frame(result.frame)

    def downloads(self, result: PublishedComparison) -> Mapping[str, pd.DataFrame]:
        """Each comparison, and all that is listed."""
        return {"comparison": frame_compared(result), "published": frame_listed(result.listed)}

    def second_opinion(self, frame: PublishedFrame, result: PublishedComparison, params: Params) -> Iterator[Compared]:
        """The curve of everybody by the endpoint of the first comparison, at the published times."""
        data, read = frame.data, list_horizons(result.compared, frame.data.endpoint)
        shown = draw_curve(data, params["interval"])
        yield from compare_curves(
            shown, [list(read.values())], list(read), data.time, data.event, weight=data.weight, with_median=False
        )
