"""Keep the patients of large files beside them: ``python -m analytics.cohort.store FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from analytics.cohort.opening import store_patients
from analytics.cohort.problems import CohortError
from analytics.cohort.waiting import Stage, listening


def _say(stage: Stage, share: float | None) -> None:
    far = "" if share is None else f", {share:.0%}"
    print(f"\r  Step {stage.number} of {stage.of}: {stage.what}{far}{'':20}", end="", file=sys.stderr, flush=True)


def main(sources: Sequence[str]) -> int:
    """Store the patients of one file or folder; what is wrong is printed."""
    if len(sources) != 1:
        print("Name one file, or one folder of Parquet files: make store COHORT=/data/registry", file=sys.stderr)
        return 2
    try:
        with listening(_say):
            place = store_patients(sources[0])
    except CohortError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"\nStored as {place}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
