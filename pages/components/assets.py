"""Style sheets and scripts, which stand in ``pages/assets/`` as what they are."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"


def read_asset(name: str) -> str:
    """The text of a file of ``pages/assets/``."""
    return (ASSETS / name).read_text(encoding="utf-8")
