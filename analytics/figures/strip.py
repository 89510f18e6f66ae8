"""An estimate as a dot with its interval as a bar, small enough for a cell of a table, and the scale that such cells share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Scale:
    """From where to where strips are drawn, with its ``ticks`` and their labels; by logarithms for ratios.

    ``guide`` is the value of no difference, where there is one.
    """

    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False
    guide: float | None = None

    def place(self, value: float) -> float:
        """Where a value stands, in per cent of the width; at an end where it lies beyond it."""
        low, high = self.ticks[0][0], self.ticks[-1][0]
        value = min(max(value, low), high)
        if self.is_log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return 100 * (value - low) / (high - low)


SHARES = Scale(((0.0, "0"), (0.5, "50"), (1.0, "100 %")))
ODDS_RATIOS = Scale(((0.5, "0.5"), (1.0, "1"), (2.0, "2"), (4.0, "4"), (8.0, "8"), (16.0, "16")), True, 1.0)
HAZARD_RATIOS = Scale(((1 / 16, "1/16"), (0.25, "1/4"), (1.0, "1"), (4.0, "4")), True, 1.0)


def draw_strip(value: float, low: float | None, high: float | None, scale: Scale) -> str:
    """The strip as an HTML fragment; the numbers themselves stand beside it, so that it is not read out.

    A limit that does not exist is drawn to the end of the scale.
    """
    from_, to = scale.ticks[0][0] if low is None else low, scale.ticks[-1][0] if high is None else high
    start, end = scale.place(from_), scale.place(to)
    guide = "" if scale.guide is None else f'<s style="left:{scale.place(scale.guide):.2f}%"></s>'
    return (
        f'<span class="outcomes-strip" aria-hidden="true">{guide}<i style="left:{start:.2f}%;width:{end - start:.2f}%"></i>'
        f'<b style="left:{scale.place(value):.2f}%"></b></span>'
    )


def draw_scale(scale: Scale) -> str:
    """The labels of the scale over its strips, as an HTML fragment."""
    ticks = "".join(f'<i style="left:{scale.place(at):.2f}%">{escape(label)}</i>' for at, label in scale.ticks)
    return f'<span class="outcomes-strip-scale" aria-hidden="true">{ticks}</span>'
