"""The style sheet of everything that is written as HTML; colours follow Streamlit's theme, light and dark."""

from analytics.figures.theme import IN_THE_DARK, PALETTE
from pages.components.assets import read_asset


def write_colours() -> str:
    """The colours of the palette as ``--hue-1`` and so on, each another in the dark, and those of figures likewise.

    A figure says its light colours, which a saved one keeps; what the page puts in their place costs no drawing.
    """
    hues = "".join(f"--hue-{i}: light-dark({c}, {IN_THE_DARK[c]});" for i, c in enumerate(PALETTE, start=1))
    return f".stApp {{{hues}}}\n" + "".join(_replace(light, dark) for light, dark in IN_THE_DARK.items())


def _replace(light: str, dark: str) -> str:
    ink = f"rgb({', '.join(str(int(light[i : i + 2], 16)) for i in (1, 3, 5))})"
    return "".join(
        f'.js-plotly-plot :is([style*="{kind}: {ink}"], [style*="{kind}:{light}"], [{kind}="{ink}"]) '
        f"{{{kind}: light-dark({light}, {dark}) !important}}\n"
        for kind in ("stroke", "fill")
    )


STYLE = write_colours() + "".join(
    map(
        read_asset,
        (
            "page.css",
            "figure.css",
            "forest.css",
            "attrition.css",
            "glance.css",
            "terms.css",
            "glossary.css",
            "choices.css",
            "intake.css",
            "lessons.css",
            "disease.css",
            "paper.css",
            "print.css",
        ),
    )
)
PRESENTED = read_asset("present.css")  # after STYLE, while presenting
