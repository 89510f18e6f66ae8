"""A deck as another program shows it: LibreOffice makes a PDF of it once, and each page is looked at."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pptx import Presentation

from analytics.exports.exhibit import Exhibit
from analytics.exports.pptx_file import to_pptx

SHOWN = ("survival-by-site", "relapse-predictors", "missing-values")
COLOURS = ((10, 112, 194), (188, 85, 16), (0, 107, 67))  # of the first three groups


@dataclass(frozen=True)
class Rendered:
    """The pages of a deck as pictures, the fonts in them, and how many slides it has."""

    pages: list[np.ndarray]
    fonts: str
    n_slides: int


def program(name: str) -> str:
    path = shutil.which(name)
    assert path, f"{name} is not installed: run `make office`, then the tests again."
    return path


@pytest.fixture(scope="session")
def rendered(exhibits: dict[str, Exhibit], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rendered]:
    folder: Path = tmp_path_factory.mktemp("slides")
    content = to_pptx([exhibits[slug] for slug in SHOWN])
    (folder / "deck.pptx").write_bytes(content)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program("soffice"), profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), "deck.pptx"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=240)
    subprocess.run([program("pdftoppm"), "-r", "48", "-png", "deck.pdf", "page"], cwd=folder, check=True, timeout=120)
    fonts = subprocess.run(
        [program("pdffonts"), "deck.pdf"], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    pages = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob("page-*.png"))]
    yield Rendered(pages, fonts, len(Presentation(io.BytesIO(content)).slides))
    shutil.rmtree(folder)


def test_every_slide_is_a_page_that_is_not_blank(rendered: Rendered) -> None:
    assert len(rendered.pages) == rendered.n_slides
    for page in rendered.pages:
        assert page.shape[1] / page.shape[0] == pytest.approx(16 / 9, abs=0.01)
        ink = (page < 128).all(axis=2)
        assert 0.002 < ink.mean() < 0.2
        # Nothing touches the edge of a slide.
        assert not ink[:3].any() and not ink[-3:].any() and not ink[:, :3].any() and not ink[:, -3:].any()


def test_its_fonts_are_there(rendered: Rendered) -> None:
    assert re.search(r"\+Carlito\b", rendered.fonts) and re.search(r"\+Carlito-Bold\b", rendered.fonts)


def test_curves_and_intervals_are_drawn_in_the_colours_of_the_groups(rendered: Rendered) -> None:
    def drawn(page: np.ndarray, colour: tuple[int, int, int]) -> int:
        return int((np.abs(page.astype(int) - colour).max(axis=2) < 40).sum())

    def widest(page: np.ndarray, colour: tuple[int, int, int]) -> int:
        columns = (np.abs(page.astype(int) - colour).max(axis=2) < 40).any(axis=0)
        return int(columns.sum())

    curves = max(rendered.pages, key=lambda page: min(drawn(page, colour) for colour in COLOURS))
    # Far more than the chips of the table: a line across a good part of the chart.
    assert all(widest(curves, colour) > 40 for colour in COLOURS)
    assert all(drawn(curves, colour) > 100 for colour in COLOURS)
    forests = [page for page in rendered.pages if drawn(page, COLOURS[0]) > 100 and page is not curves]
    assert forests and all(widest(page, COLOURS[0]) > 60 for page in forests)
