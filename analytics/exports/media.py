"""The media in which every page offers its numbers, and itself whole, in the order of their buttons."""

from __future__ import annotations

from analytics.exports.csv_file import CSV
from analytics.exports.docx_file import DOCX
from analytics.exports.exhibit import ExhibitMedium
from analytics.exports.html_file import HTML
from analytics.exports.medium import Medium
from analytics.exports.pptx_file import SLIDES
from analytics.exports.python_script import PYTHON_SCRIPT
from analytics.exports.r_script import R_SCRIPT
from analytics.exports.xlsx_file import XLSX

MEDIA: tuple[Medium, ...] = (CSV, XLSX)
EXHIBIT_MEDIA: tuple[ExhibitMedium, ...] = (HTML, DOCX, SLIDES, PYTHON_SCRIPT, R_SCRIPT)
