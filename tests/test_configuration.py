"""Streamlit's settings: known, nothing sent from this machine, and colours that can be read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from streamlit import config as streamlit_config

ROOT = Path(__file__).parent.parent


def settings() -> dict[str, object]:
    def flatten(table: dict[str, object], prefix: str = "") -> dict[str, object]:
        flat: dict[str, object] = {}
        for key, value in table.items():
            flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
        return flat

    return flatten(tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")))


def test_streamlit_knows_every_setting() -> None:
    assert set(settings()) - set(streamlit_config.get_config_options(force_reparse=True)) == set()


def test_patients_stay_on_this_machine() -> None:
    chosen = settings()
    assert chosen["browser.gatherUsageStats"] is False
    assert chosen["server.address"] == "localhost"
    assert chosen["client.showErrorDetails"] == "type"
    assert [value for value in chosen.values() if isinstance(value, str) and "//" in value] == []


def relative_luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", 0 to 1 (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: object, other: object) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((relative_luminance(str(one)), relative_luminance(str(other))))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_theme_can_be_read(theme: str) -> None:
    chosen = {key.removeprefix(f"theme.{theme}."): value for key, value in settings().items()}
    for background in ("backgroundColor", "secondaryBackgroundColor", "sidebar.backgroundColor"):
        assert contrast(chosen["textColor"], chosen[background]) >= 7
        assert contrast(chosen["linkColor"], chosen[background]) >= 4.5
        assert contrast(chosen["primaryColor"], chosen[background]) >= 3
    assert contrast("#ffffff", chosen["primaryColor"]) >= 4.5
