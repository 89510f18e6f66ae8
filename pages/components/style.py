"""The style sheet of everything that is written as HTML; colours follow Streamlit's theme, light and dark."""

from analytics.figures.attrition import FUNNEL_CSS
from analytics.figures.forest import FOREST_CSS

# Streamlit writes its light or dark text colour into a figure once, and leaves it there when the theme is changed. What
# the pointer reads it writes in a grey that falls below the contrast of 4.5:1.
FIGURE_TEXT_CSS = """
.js-plotly-plot text[style*="rgb(38, 39, 48)"], .js-plotly-plot text[style*="rgb(250, 250, 250)"] {
  fill: currentColor !important}
.js-plotly-plot .hoverlayer .legend text, .js-plotly-plot .hoverlayer .hovertext text {fill: currentColor !important}
.js-plotly-plot .hoverlayer .spikeline[stroke-dasharray] {stroke: currentColor !important}
"""
# While a page computes, Streamlit fades each of its elements by a transition of its own, a hundred layers for the browser
# to set up and tear down on every click. One does: that of the page. The sidebar is never out of date.
FADING_CSS = """
.stElementContainer, [data-testid="stExpander"] details, [data-testid="stExpander"] summary {
  opacity: 1 !important; transition: none !important}
[data-test-script-state="running"] [data-testid="stMainBlockContainer"] {
  opacity: .33; transition: opacity 1s ease-in .5s}
"""
STYLE = (
    """
.block-container, [data-testid="stMainBlockContainer"] {padding-top: 3.4rem; padding-bottom: 3rem; max-width: 1180px}
[data-testid="stHeader"] {height: 2.9rem; min-height: 2.9rem;
  border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent)}
[data-testid="stMainBlockContainer"] [data-testid="stVerticalBlock"] {gap: .6rem}
[data-testid="stSidebar"] [data-testid="stVerticalBlock"] {gap: .55rem}
[data-testid="stSidebar"] [data-testid="stSidebarHeader"] {height: 2.2rem; margin-bottom: 0}
[data-testid="stSidebar"] [data-testid="stButtonGroup"] button {min-height: 1.7rem; padding: 0 .55rem; font-size: .82rem}
[data-testid="stSidebar"] [data-testid="stButtonGroup"] button p {font-size: .82rem}
[data-testid="stSliderThumbValue"] {color: inherit}
[data-testid="stSidebar"] [data-variant="pills"]::after {
  margin-left: .4em; opacity: .72; font-size: .76rem; font-variant-numeric: tabular-nums}
[data-testid="stSidebar"] [data-variant="pills"][aria-pressed="true"] {color: inherit; font-weight: 650}
.outcomes-phase {margin: .5rem 0 0; padding-top: .45rem; font-size: .72rem; font-weight: 650; letter-spacing: .08em;
  text-transform: uppercase; opacity: .75; border-top: 1px solid color-mix(in srgb, currentColor 22%, transparent)}
.outcomes-title {display: inline; margin: 0 .6em 0 0; padding: 0; font-size: 1.35rem; font-weight: 650; line-height: 1.3}
.outcomes-question {display: inline; margin: 0; opacity: .8; font-size: .95rem}
.outcomes-file {display: inline; margin: 0 0 0 .8em; font-size: .8rem; opacity: .75; overflow-wrap: anywhere}
.outcomes-cohort {margin: .25rem 0 0; font-size: 1rem; font-weight: 550}
.outcomes-chip {display: inline-block; margin-right: .5em; padding: .02em .5em; border-radius: .3em; font-size: .74rem;
  font-weight: 650; letter-spacing: .04em; vertical-align: .08em; color: #7a4b00; background: #fdeecd;
  border: 1px solid #e3b866}
.outcomes-headlines {display: flex; flex-wrap: wrap; gap: .3rem 2.2rem; margin: 0; padding: 0}
.outcomes-headlines div {min-width: 6.5rem}
.outcomes-headlines span {display: block; font-size: .78rem; opacity: .78}
.outcomes-headlines b {font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums}
.outcomes-headlines [title]:not([title='']) span {
  text-decoration: underline dotted color-mix(in srgb, currentColor 45%, transparent);
  text-underline-offset: .2em; cursor: help}
.outcomes-note {margin: 0 0 .4rem; padding: .5rem .8rem; border-left: 4px solid #5b7c99; border-radius: .2rem;
  background: color-mix(in srgb, #5b7c99 10%, transparent); font-size: .9rem; line-height: 1.4}
.outcomes-note.caution {border-color: #b97d10; background: color-mix(in srgb, #d99a1c 13%, transparent)}
.outcomes-note.warning {border-color: #c0392b; background: color-mix(in srgb, #c0392b 13%, transparent);
  font-size: .96rem}
.outcomes-note b {margin-right: .3em}
.outcomes-note .remedy {opacity: .88}
.outcomes-note a {color: inherit; font-weight: 600; text-underline-offset: .15em}
.outcomes-more summary {cursor: pointer; font-size: .86rem; opacity: .85; margin: 0 0 .4rem}
.outcomes-says {margin: 0; padding-left: 1.1rem; font-size: .93rem; line-height: 1.45}
.outcomes-says li {margin-bottom: .25rem}
.outcomes-scroll {overflow-x: auto}
.outcomes-table {border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums}
.outcomes-table caption {text-align: left; font-weight: 600; font-size: .95rem; padding: .2rem 0 .3rem; caption-side: top}
.outcomes-table th, .outcomes-table td {padding: .26rem .6rem .26rem 0; text-align: right; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent)}
.outcomes-table th:first-child, .outcomes-table td.words {text-align: left}
.outcomes-table.prose th, .outcomes-table.prose td {text-align: left}
.outcomes-table tbody th {font-weight: 500}
.outcomes-table tbody tr.group th {font-weight: 650}
.outcomes-table thead th {font-weight: 600; font-size: .8rem; opacity: .85; white-space: nowrap}
.outcomes-table thead th[title] {text-decoration: underline dotted; text-underline-offset: .2em; cursor: help}
.outcomes-table tbody td.words {min-width: 7rem}
.outcomes-table tr.indent th {padding-left: 1.1rem; font-weight: 400}
.outcomes-caption, .outcomes-fine {margin: .3rem 0 0; font-size: .8rem; opacity: .78; line-height: 1.4}
.outcomes-ledger {margin: 0; font-size: .8rem; opacity: .78; line-height: 1.4}
.st-key-ledger_open button, .st-key-csv_comparisons button {color: inherit !important}
.outcomes-ledger-table {max-height: 21rem; overflow-y: auto}
.outcomes-h2 {font-size: 1rem; font-weight: 600; margin: .4rem 0 .2rem}
.js-plotly-plot .modebar {display: none}
.st-key-choices [data-testid="stPopover"] {align-self: flex-end}
.st-key-choices [data-variant="segmented_control"][data-selected="true"] {color: inherit; font-weight: 650}
@media (max-width: 1180px) {
  [data-testid="stMainBlockContainer"] {padding-left: 2rem; padding-right: 2rem}
  [data-testid="stMainBlockContainer"] [data-testid="stColumn"] {min-width: 100%}
}
@media (max-width: 700px) {
  [data-testid="stMainBlockContainer"] {padding: 3rem .8rem 2rem}
  .outcomes-headlines {gap: .3rem 1.2rem} .outcomes-headlines b {font-size: 1.05rem}
  .outcomes-question {display: block}
  .outcomes-table:not(.prose) {font-size: .8rem}
  .outcomes-table:not(.prose) th, .outcomes-table:not(.prose) td {padding-right: .4rem}
  .outcomes-table:not(.prose) thead th {white-space: normal; font-size: .74rem; vertical-align: bottom}
  .outcomes-table tr.indent th {padding-left: .5rem}
  .outcomes-table caption {max-width: calc(100vw - 1.6rem)}
  .st-key-toolbar {row-gap: .2rem}
}
"""
    + FIGURE_TEXT_CSS
    + FADING_CSS
    + FOREST_CSS
    + FUNNEL_CSS
)
