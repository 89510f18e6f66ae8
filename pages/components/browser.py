"""What needs the browser: figures, a table whose rows can be clicked, buttons that save and copy, the filters, choices,
presenting, lessons, and the tab."""

from __future__ import annotations

import streamlit as st

from pages.components.assets import load_in_browser, read_asset

TOOLBAR_HTML = """<div class="bar"><button type="button" data-action="copy">Copy link</button>
<button type="button" data-action="svg">Figure: SVG</button>
<button type="button" data-action="png">Figure: PNG</button>
<button type="button" data-action="slide">Slide, 1920 × 1080</button>
<button type="button" data-action="journal-svg">Journal: SVG</button>
<button type="button" data-action="journal-png">Journal: PNG, 300 dpi</button></div>"""

PRESENTER_HTML = """<div class="outcomes-present"><button type="button" data-begin>Present</button>
<button type="button" data-collect hidden>Collect</button>
<div popover class="outcomes-collected"><p aria-live="polite"></p>
<label>Comment<textarea rows="3" maxlength="2000"></textarea></label>
<p><a data-turn="collected">See all</a> <button type="button" data-forget>Remove</button></p></div>
<nav aria-label="Presentation"><a data-turn="previous" title="Previous page (left arrow)">‹</a>
<span role="status"></span><a data-turn="next" title="Next page (right arrow)">›</a>
<button type="button" data-leave title="Leave (Esc)">✕</button></nav></div>"""

FIGURE = st.components.v2.component(
    "outcomes_figure",
    html='<div class="outcomes-figure" data-testid="stPlotlyChart" role="figure"><div></div></div>',
    js=load_in_browser("figure.js"),
    isolate_styles=False,
)
FOREST = st.components.v2.component(
    "outcomes_forest",
    html='<div class="outcomes-kept"><div class="forest-box" role="group"></div></div>',
    js=read_asset("forest.js"),
    isolate_styles=False,
)
GLANCE = st.components.v2.component(
    "outcomes_glance",
    html='<div class="outcomes-kept"><div class="glance-box" role="group"></div></div>',
    js=load_in_browser("glance.js"),
    isolate_styles=False,
)
GLOSSARY = st.components.v2.component(
    "outcomes_glossary",
    html='<div class="glossary-box"></div>',
    js=load_in_browser("glossary.js"),
    isolate_styles=False,
)
TOOLBAR = st.components.v2.component(
    "outcomes_toolbar", html=TOOLBAR_HTML, css=read_asset("toolbar.css"), js=read_asset("toolbar.js")
)
SIDEBAR = st.components.v2.component(
    "outcomes_filters",
    html='<div class="outcomes-filters"></div>',
    css=read_asset("filters.css"),
    js=read_asset("filters_kept.js") + read_asset("filters.js"),
    isolate_styles=False,
)
SIDEBAR_TOLD = st.components.v2.component(
    "outcomes_filters_told", html="<span hidden></span>", js=read_asset("filters_told.js")
)
CHOICES = st.components.v2.component(
    "outcomes_choices",
    html='<div class="outcomes-choices"></div>',
    js=load_in_browser("choices.js"),
    isolate_styles=False,
)
PRESENTER = st.components.v2.component(
    "outcomes_presenter", html=PRESENTER_HTML, js=load_in_browser("present.js"), isolate_styles=False
)
DRAWN = st.components.v2.component(
    "outcomes_drawn", html='<div class="outcomes-drawn"></div>', js=load_in_browser("drawn.js"), isolate_styles=False
)
PLAY = st.components.v2.component(
    "outcomes_play",
    html='<div class="outcomes-play"><button type="button" aria-pressed="false"></button></div>',
    js=load_in_browser("play.js"),
    isolate_styles=False,
)
PROGRESS = st.components.v2.component("outcomes_progress", html="<span hidden></span>", js=read_asset("progress.js"))
TAB = st.components.v2.component("outcomes_tab", html="<span hidden></span>", js=load_in_browser("tab.js"))
