"""Colours that can be told apart, on white and on dark, and stay with their level."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

from analytics.figures.theme import AXIS_LINE, DARK_PALETTE, IN_THE_DARK, PALETTE, style_of, to_translucent

# Severity 1.0 matrices of Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113.
PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
TRITANOPIA = np.array(
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
)
THEME = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2.1."""
    low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = (
        np.clip(rgb, 0, 1)
        @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
        / np.array([0.95047, 1, 1.08883])
    )
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("colour", [*PALETTE, AXIS_LINE])
def test_thin_lines_stand_out_on_white_and_those_in_their_place_in_the_dark(colour: str) -> None:
    assert contrast(colour, THEME["light"]["backgroundColor"]) >= 4.5
    assert contrast(IN_THE_DARK[colour], THEME["dark"]["backgroundColor"]) >= 4.5


def test_a_focused_control_stands_out_from_what_is_around_it() -> None:
    for scheme in ("light", "dark"):
        theme = THEME[scheme]
        for around in (theme, theme["sidebar"]):
            assert contrast(theme["primaryColor"], around["backgroundColor"]) >= 3


@pytest.mark.parametrize("matrix", [np.eye(3), PROTANOPIA, DEUTERANOPIA, TRITANOPIA])
@pytest.mark.parametrize("palette", [PALETTE, DARK_PALETTE])
def test_first_colours_differ_in_colour_blindness(palette: tuple[str, ...], matrix: np.ndarray) -> None:
    distances = [
        np.linalg.norm(lab(matrix @ linear(one)) - lab(matrix @ linear(other)))
        for one, other in itertools.combinations(palette[:5], 2)
    ]
    assert min(distances) > 15


def test_neighbouring_levels_differ_in_dash_and_symbol_too() -> None:
    styles = list(style_of([f"level {i}" for i in range(7)]).values())
    assert len({style.dash for style in styles}) == 7
    assert len({style.symbol for style in styles}) == 7


def test_a_level_keeps_its_style_by_its_position_among_all_levels() -> None:
    levels = ("isolated marrow", "isolated CNS", "combined")
    styles = style_of(levels)
    assert list(styles) == list(levels)
    assert styles["combined"] == style_of(("a", "b", "c"))["c"]
    assert len({(style.colour, style.dash) for style in style_of([str(i) for i in range(56)]).values()}) == 56
    assert style_of(()) == {}


def test_translucent_colour() -> None:
    assert to_translucent("#FF8000", 0.25) == "rgba(255,128,0,0.25)"
