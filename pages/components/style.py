"""The style sheet of everything that is written as HTML; colours follow Streamlit's theme, light and dark."""

from pages.components.assets import read_asset

STYLE = "".join(map(read_asset, ("page.css", "figure.css", "forest.css", "attrition.css", "glance.css", "print.css")))
