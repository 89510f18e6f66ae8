"""Times to the first of several causes, read and checked for the estimators of competing risks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.estimators.kaplan_meier import Observations


@dataclass(frozen=True, slots=True)
class CompetingObservations:
    """Checked times to the first of several causes, one entry per row with a positive weight.

    ``cause`` is 0 for censored, otherwise the number of the cause; ``data`` holds times, weights, entries and the rows
    kept, with ``event`` 1 for any cause.
    """

    data: Observations
    cause: NDArray[np.intp]

    @classmethod
    def from_arrays(cls, time: Any, cause: Any, weight: Any = None, entry: Any = None) -> CompetingObservations:
        """The checked observations; times are read as for Kaplan–Meier.

        Raises
        ------
        ValueError
            If a cause is not a whole number >= 0, or as for :meth:`Observations.from_arrays`.
        """
        values = cause.array if isinstance(cause, pd.Series | pd.Index) else cause
        try:
            causes = np.asarray(pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                "cause must hold whole numbers: it holds text or other values. Code censored as 0 and the causes as "
                "1, 2, …, and name them in causes."
            ) from None
        is_right = np.isfinite(causes) & (causes >= 0) & (causes == np.floor(causes)) & (causes < 1e6)
        if not is_right.all():
            row = int(np.argmin(is_right))
            wrong = len(causes) - int(is_right.sum())
            raise ValueError(
                f"cause must be a whole number >= 0: {wrong} of {len(causes)} {'value is' if wrong == 1 else 'values are'} "
                f"not (first at row {row}: {causes[row]:g}). Code censored as 0 and the causes as 1, 2, …; leave out "
                "patients with an unknown status."
            )
        if len(causes) != (rows := np.size(time)):
            raise ValueError(f"cause must have one value per row: it has {len(causes)} for {rows} times.")
        data = Observations.from_arrays(time, causes > 0, weight, entry)
        return cls(data, causes[data.kept].astype(np.intp))


def check_cause(of: int) -> None:
    """An error unless ``of`` can be the number of a cause.

    Raises
    ------
    ValueError
        If it is not a whole number >= 1.
    """
    if isinstance(of, bool) or not isinstance(of, int | np.integer) or of < 1:
        raise ValueError(f"of must be the number of a cause (1, 2, …): it is {of!r}. 0 means censored.")
