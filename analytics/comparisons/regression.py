"""What the analyses by a regression model share: choices, the forest with its words and files, a result as it is read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import pandas as pd

from analytics.analysis import Analysis, Checks, Control, Frame, Params
from analytics.cohort import Cohort
from analytics.comparisons.beside import (
    MODELS_BESIDE,
    TwoModels,
    frame_two_models,
    list_two_models,
    name_both,
    say_models,
)
from analytics.comparisons.choices import reference_control
from analytics.comparisons.power import to_planning
from analytics.dictionary import Dictionary, Variable, load_words
from analytics.document import ComparedTest, Contrast, Headline, HtmlFigure, Picture, Sides
from analytics.figures.forest.comparison import ComparisonForest, describe_comparison, plot_comparison
from analytics.figures.forest.html import draw_html
from analytics.figures.forest.layout import Forest
from analytics.figures.forest.ratios import EventWords, describe_forest, plot_forest
from analytics.figures.forest.svg import draw_svg
from analytics.formats import format_count, format_number, format_step
from analytics.reporting.planning import Plan, plan_terms
from analytics.reporting.reasons import say_reason
from analytics.reporting.regression import RatioResult, describe_terms
from analytics.reporting.wording import in_sentence, join_words, name_strata
from analytics.results import TermTest, ratios_per_step
from analytics.results.power import Detectable, Term
from analytics.results.regression import AnyModel

TEST_COLUMNS = ["test", "model", "variable", "statistic", "df", "p_value", "reason"]

FITS = (("auto", "automatic"), ("ml", "maximum likelihood"), ("firth", "Firth’s penalised likelihood"))
LIMITS = (("profile", "profile likelihood"), ("wald", "Wald"))


def model_controls(cohort: Cohort, event: str) -> tuple[Control, Control, Control]:
    """The choices of reference levels, of how a model is fitted, and of intervals.

    ``event`` is what a factor may predict perfectly ("relapse").
    """
    fit = (
        f"Automatic uses maximum likelihood, and Firth’s method when a factor predicts {event} perfectly in these "
        "{patients}, where maximum likelihood has no finite answer."
    )
    limits = (
        "Profile-likelihood intervals suit small groups; Wald intervals are symmetric on the log scale. The p value beside an "
        "interval is of the same kind."
    )
    return (
        reference_control(cohort),
        Control("fit", "Model", "one", "auto", FITS, "more", fit, display=True),
        Control("limits", "Confidence intervals", "one", "profile", LIMITS, "more", limits, display=True),
    )


def as_read(result: AnyModel, variables: Sequence[Variable]) -> AnyModel:
    """The result as it is read: ratios of numbers per step of the dictionary, where an estimator takes them per unit."""
    return ratios_per_step(result, {v.name: v.per for v in variables})


def list_factor_tests(
    model: RatioResult, variables: Sequence[Variable], event: str, within: Sequence[Variable] = ()
) -> tuple[ComparedTest, ...]:
    """The test of each factor of a model of ``event``; ``within`` is the variable of its strata."""
    labels = {v.name: in_sentence(v.label) for v in variables}
    kind = "likelihood-ratio" if model.test_type == "likelihood ratio" else model.test_type
    name = f"{'penalised ' if model.method == 'firth' else ''}{kind} test"
    strata = name_strata(within)
    tests = []
    for test in model.tests:
        others = sorted(label for factor, label in labels.items() if factor != test.variable)
        adjusted = f"adjusted for {join_words(others)}" if others else "not adjusted"
        tests.append(ComparedTest(f"{name} of {labels[test.variable]} for {event}, {adjusted}{strata}", test.p_value))
    return tuple(tests)


class FactorModels(Protocol):
    """Each factor alone beside all chosen factors together, in one selection of patients."""

    @property
    def univariable(self) -> Sequence[RatioResult]:
        """A model for each factor."""

    @property
    def multivariable(self) -> RatioResult:
        """The model of all factors, of the patients of whom all are known."""

    @property
    def dictionary(self) -> Dictionary:
        """Labels of factors and levels."""

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The factors, in order."""

    @property
    def words(self) -> EventWords:
        """How the event is spoken of."""


Models = TypeVar("Models", bound=FactorModels)


class RegressionAnalysis(Analysis[Frame, Models], abstract=True):
    """A regression model of each factor alone and of all chosen factors together: their forest, words and files."""

    def figure(self, result: Models, params: Params) -> HtmlFigure:
        return draw_forest(plot_forest(result.univariable, result.multivariable, result.dictionary, result.words))

    def alt_text(self, result: Models) -> str:
        return describe_forest(result.univariable, result.multivariable, result.dictionary, result.words)

    def caption(self, result: Models, params: Params) -> str:
        if not result.variables:
            return ""
        return "Click a level to make it the reference that the others of its factor are compared with."

    def join(self, first: Models, second: Models, params: Params, sides: Sides) -> TwoModels:
        variables = {v.name: v for v in first.variables} | {
            v.name: v for v in second.variables if v.name not in {v.name for v in first.variables}
        }
        return TwoModels(first.multivariable, second.multivariable, tuple(variables.values()), first.words.head)

    def show_joined(self, joined: TwoModels, params: Params, sides: Sides) -> Contrast:
        forest = list_two_models(joined, sides)
        picture = picture_comparison(name_both(sides), forest, MODELS_BESIDE)
        return Contrast(picture, sentences=(say_models(joined, sides),), frame=partial(frame_two_models, joined))

    @abstractmethod
    def describe(self, result: Models) -> Callable[..., str]:
        """What writes a ratio with its variable, reference and the labels of the other factors as a sentence."""

    def sentences(self, result: Models) -> tuple[str, ...]:
        model = result.multivariable
        if model.reason is not None:
            return (f"No {model.measure} can be given: {say_reason(model.reason)}.",)
        return describe_terms(model, result.variables, self.describe(result))


def draw_forest(forest: Forest) -> HtmlFigure:
    """A forest as the table of a page, and as a picture for files."""
    return HtmlFigure(draw_html(forest), partial(draw_svg, forest), forest)


def picture_comparison(title: str, forest: ComparisonForest, caption: str = "") -> Picture:
    """A forest of comparisons with its words."""
    return Picture(title, draw_forest(plot_comparison(forest)), describe_comparison(forest), caption)


def list_headlines(model: RatioResult, n: int, who: str, noun: str, each: str) -> tuple[Headline, ...]:
    """How many of ``n`` patients and how many events are in a model, and for each ratio.

    ``who`` says whom it holds, ``noun`` is the plural of the event, ``each`` what is counted for each ratio.
    """
    words, per = load_words(), format_number(model.events_per_parameter, 1)
    few = f"{each} for each {model.measure} estimated. Below 10, read with care; below 5, hardly at all."
    return (
        Headline(f"{words.head} in the model", f"{format_count(model.n)} of {format_count(n)}", who),
        Headline(noun, format_count(model.n_event), f"Among the {words.plural} in the model."),
        Headline(f"{noun} per parameter", per, few, place="sure"),
    )


def to_model_planning(detect: Callable[[Any, Sequence[Variable]], Mapping[Term, Detectable]]) -> Checks:
    """The planning of a next study by the terms of a multivariable model, from what is detectable of each."""

    def plan(result: Any, params: Params) -> Plan:
        return plan_terms(result.multivariable, detect(result.frame, result.variables), result.variables)

    return to_planning(plan)


def list_models(result: FactorModels) -> list[tuple[str, RatioResult]]:
    """The models of each factor alone and that of all, with their names in files."""
    return [*(("univariable", model) for model in result.univariable), ("multivariable", result.multivariable)]


def tabulate_estimates(result: FactorModels, *more: str) -> pd.DataFrame:
    """The ratios of all models for a file; ``more`` are further fields of the models, as columns."""
    frames = []
    for kind, model in list_models(result):
        about = {f"{name}_model" if name.startswith("n_") else name: getattr(model, name) for name in more}
        frames.append(model.to_frame().assign(model=kind, n_model=model.n, **about))
    numbers = {v.name: format_step(v) for v in result.variables if not v.is_coded}
    estimates = stack(frames)
    # A column that is there although no factor is.
    steps = [numbers.get(name) for name in estimates.get("variable", ())]
    return estimates.assign(per=pd.Series(steps, dtype=object))


def tabulate_tests(models: Iterable[tuple[str, str, Sequence[TermTest]]]) -> pd.DataFrame:
    """The tests of whole factors for a file, from the name of the test and of the model."""
    rows = [
        (test, kind, t.variable, t.statistic, t.df, t.p_value, t.reason) for test, kind, tests in models for t in tests
    ]
    return pd.DataFrame(rows, columns=TEST_COLUMNS)


def stack(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all frames, each value as it is; a frame without rows may lack columns."""
    rows = [row for frame in frames for row in frame.to_dict("records")]
    return pd.DataFrame(rows, columns=max((frame.columns for frame in frames), key=len))
