"""The curves of one figure: in which order they stand, how each looks and is called, and what is drawn of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.dictionary import Endpoint
from analytics.figures.curves.steps import (
    Lines,
    add_exact_limits,
    begin_of,
    cut,
    draw_band,
    draw_counts,
    draw_key,
    draw_line,
    draw_readings,
    draw_silent_readings,
    is_drawn,
    reading_grid,
    start_of,
)
from analytics.figures.curves.words import name_undrawn
from analytics.figures.theme import Style, style_of
from analytics.results import FloatArray


@dataclass(frozen=True, slots=True)
class CurveGroups:
    """The curves of survival or of incidence of one figure, by group.

    ``groups`` are all in the order of the dictionary, with their ``names`` and ``looks``; ``whole`` the curves with
    patients, ``parts`` what may be drawn of each and ``visible`` those parts that have a length. The axis ends at ``end``.
    """

    groups: tuple[str, ...]
    names: Mapping[str, str]
    looks: Mapping[str, Style]
    whole: Mapping[str, Any]
    parts: Mapping[str, Any]
    visible: Mapping[str, Any]
    end: float

    @property
    def has_legend(self) -> bool:
        """True where colours alone do not say whose the curves are, or not all have one."""
        return len(self.whole) > 1 or len(self.visible) < len(self.whole)

    def draw_bands(self) -> list[dict[str, Any]]:
        """The pointwise limits, where they are defined."""
        return [draw_band(curve, self.looks[group], self.end) for group, curve in self.visible.items()]

    def draw_lines(self, fade_below: int, endpoint: Endpoint | None = None) -> list[dict[str, Any]]:
        """The lines, and the names of groups too small for one."""
        traces: list[dict[str, Any]] = []
        for group, curve in self.parts.items():
            name, look = self.names[group], self.looks[group]
            if group not in self.visible:
                traces.append(draw_key(group, name_undrawn(name, curve.n, curve.n_event, endpoint), look))
                continue
            begin, enough = begin_of(curve), begin_of(curve, fade_below)
            traces += draw_line(curve, name, look, self.end, fade_below, start_of(curve), begin, enough)
        return traces

    def draw_readings(self, count_at_risk: Callable[[Any, FloatArray], FloatArray]) -> list[dict[str, Any]]:
        """What a pointer reads of every curve at one time, and how many are at risk where it is not drawn."""
        traces = []
        for group, curve in self.visible.items():
            grid = reading_grid(curve, self.end, begin_of(curve))
            grid = grid[grid < curve.time[-1]] if curve.shown_until is not None else grid
            at_risk = count_at_risk(self.whole[group], grid)
            traces.append(draw_readings(curve, self.names[group], self.looks[group], grid, at_risk, start_of(curve)))
        for group, curve in self.whole.items():
            grid = reading_grid(curve, self.end, begin_of(curve))
            at_risk = count_at_risk(curve, grid)
            traces.append(draw_silent_readings(curve, self.names[group], self.looks[group], grid, at_risk))
        return traces

    def draw_table(
        self, blocks: Sequence[Sequence[FloatArray] | None], lines: Lines, ticks: Sequence[float]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The table of counts under the axis, one block per group."""
        names = [self.names[group] for group in self.groups]
        return draw_counts(blocks, lines, ticks, names, [self.looks[group].colour for group in self.groups])


def arrange_curves(
    curves: Sequence[Any],
    labels: Mapping[str, str],
    styles: Mapping[str, Style],
    horizon: float | None = None,
    *,
    exact_limits: bool = True,
) -> CurveGroups:
    """The curves of a figure in the order of ``labels``, with an axis of at least a month.

    Parameters
    ----------
    curves
        One curve per group, of survival or of the incidence of one cause; times in months.
    labels, styles
        Level to what the reader sees, and to its style. A group without a style gets that of its position.
    horizon
        The right end of the axis in months; None ends it at the last follow-up.
    exact_limits
        True gives the limits of a group without events, before its first.
    """
    groups = tuple(dict.fromkeys([*labels, *(curve.group for curve in curves)]))
    fallback = style_of(groups)
    found = {curve.group: curve for curve in curves if curve.n > 0}
    whole = {group: found[group] for group in groups if group in found}
    parts = {
        group: cut(add_exact_limits(curve, begin_of(curve)) if exact_limits else curve)
        for group, curve in whole.items()
    }
    last = max((float(curve.time[-1]) for curve in whole.values()), default=0.0)
    return CurveGroups(
        groups=groups,
        names={group: labels.get(group, group) for group in groups},
        looks={group: styles.get(group, fallback[group]) for group in groups},
        whole=whole,
        parts=parts,
        visible={group: part for group, part in parts.items() if is_drawn(part, begin_of(part))},
        end=max(horizon if horizon is not None else last, 1.0),
    )
