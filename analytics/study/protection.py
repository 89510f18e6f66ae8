"""How true protected numbers are, read from the committed table of the simulation."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analytics.formats import format_count, name_patients
from analytics.reporting.tables import Table

PROTECTION_PATH = Path(__file__).parents[2] / "data" / "protection_simulation.toml"
MEASURES = (
    (
        "S(t) shown",
        "share_of_points_shown",
        "Of all points of the grid: where noise could move a curve by more, it ends",
    ),
    ("Within 5 points", "share_within_5_points", "Of the points shown; 100 % is right"),
    ("Coverage, S(t)", "coverage_of_survival", "Share of protected 95 % intervals that hold the truth"),
    ("p < 0.05, log-rank", "p_below_0_05_logrank", "Of groups alike; 5 % is right"),
    ("Coverage, OR", "coverage_of_odds_ratio", "Share of protected 95 % intervals that hold the truth"),
    ("p < 0.05, OR", "p_below_0_05_odds_ratio", "Of groups alike; 5 % is right"),
    ("Coverage, adjusted OR", "coverage_of_models", "Of models of four factors that are not withheld"),
    ("p < 0.05, adjusted OR", "p_below_0_05_models", "Of levels alike; 5 % is right"),
    ("Models withheld", "share_of_models_withheld", "Because a factor has no two levels that may be shown"),
)


def tabulate_protection(path: Path = PROTECTION_PATH) -> Table:
    """What protection shows, and how far that is from the truth, by the size of the cohort and the smallest cell.

    Raises
    ------
    KeyError
        If the file lacks an entry; the program in tests/simulations writes it anew.
    """
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = tuple(
        (
            f"n = {format_count(entry['n'])}, {entry['smallest_cell']}",
            *(f"{100 * entry[name]:.1f} %" for _, name, _ in MEASURES),
        )
        for entry in content["result"]
    )
    return Table(
        title="What the protection of small numbers leaves true",
        columns=("Cohort, smallest cell", *(label for label, _, _ in MEASURES)),
        rows=rows,
        indent=(False,) * len(rows),
        help=("And the smallest number that is shown", *(about for _, _, about in MEASURES)),
        caption=f"Simulated. {name_patients(content['design'].strip())}{''.join(map(_say_registry, content['registry']))}",
    )


def _say_registry(entry: Mapping[str, Any]) -> str:
    """What was measured in the export of a registry, as a sentence with a space before it."""
    share = {name: f"{100 * entry[name]:.1f} %" for name in entry if name.startswith("share")}
    return (
        f" {entry['name']} (n = {format_count(entry['n'])}), smallest cell {entry['smallest_cell']}: in drawn selections, split "
        f"by each variable, {share['share_within_5_points']} of {format_count(entry['n_points_shown'])} points that are shown "
        f"({share['share_of_points_shown']} of all) lie within 5 points of the curve without noise, "
        f"{share['share_of_intervals_with_the_estimate']} of intervals hold it, and {share['share_of_selections_withheld']} of "
        f"comparisons and {share['share_of_models_withheld']} of models of two or three factors are withheld."
    )
