"""Which lessons teach what a page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.learning.lesson import Lesson
from analytics.learning.lessons import load_lessons

CURVES = ("reading-a-curve", "censoring", "median-not-reached", "tail-with-few", "bands-and-p", "crossing-curves")
TREATED = ("immortal-time", "confounding")
# By the address of the page, in the order in which they help.
LESSONS: Mapping[str, tuple[str, ...]] = {
    "relapse-predictors": ("odds-and-risk", "confounding", "separation", "missing-data"),
    "cumulative-incidence": ("competing-risks",),
    "missing-values": ("missing-data",),
    "survival-by-site": (*CURVES, "separation"),
    "survival-by-variable": CURVES,
    "hazard-ratios": ("bands-and-p", "confounding", "crossing-curves"),
    "mean-survival": ("crossing-curves", "median-not-reached"),
    "subgroups": ("many-looks",),
    "published-outcomes": ("published-figure", "bands-and-p"),
    "hsct-cart-chemotherapy": TREATED,
    "survival-by-treatment": TREATED,
    "landmark": TREATED,
    "naive-answer": TREATED,
    "adjusted-comparison": ("confounding", "immortal-time"),
}


def list_related(page: str) -> tuple[Lesson[Any, Any], ...]:
    """The lessons on what the page at an address shows."""
    known = {lesson.slug: lesson for lesson in load_lessons()}
    return tuple(known[slug] for slug in LESSONS.get(page, ()))
