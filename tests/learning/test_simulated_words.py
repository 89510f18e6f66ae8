"""What is said of simulated cohorts agrees with what was found in them, and the settings with what they are called."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from analytics.formats import format_percent
from analytics.languages import LANGUAGES, Language
from analytics.learning.simulated_pictures import (
    draw_best_label,
    draw_honest,
    draw_naive,
    draw_ratios,
    draw_shares,
    list_shares,
)
from analytics.learning.simulated_settings import CONTROLS, DRAWN, MANY, PRESETS, SETTINGS, find_preset, to_design
from analytics.learning.simulated_words import DRAWN_SO, say_happened
from analytics.learning.simulating import Design, Replicates, compare_block, draw_cohort, follow_share, join_blocks

PRESET = {preset.name: preset for preset in PRESETS}


def draw(design: Design, n: int) -> Replicates:
    return join_blocks([compare_block(design, block) for block in range(-(-n // 100))], n)


def design_of(name: str) -> Design:
    return to_design(PRESET[name].choices())


def say(design: Design, n: int, language: Language = "en") -> str:
    return say_happened(design, draw_cohort(design, n), draw(design, n)).said(language)


def test_immortal_time_is_found_in_most_cohorts_by_the_naive_comparison_alone() -> None:
    design = design_of("immortal")
    drawn = draw(design, MANY)
    naive, honest = (follow_share(drawn.fits(name).p_value) for name in ("naive", "switching"))  # type: ignore[arg-type]
    assert naive.n_found > 100 and honest.interval is not None and honest.interval.low < 0.05 < honest.interval.high
    said = say(design, MANY)
    assert said.startswith(f"Treatment does nothing here; yet {naive.n_found} of 200 comparisons")
    assert f"counted from its day on, {honest.n_found} have" in said


def test_chance_alone_is_not_called_more() -> None:
    said = say(design_of("chance"), MANY)
    found = re.search(r"nothing here, and (\d+) of 200", said)
    assert found and int(found[1]) < 20


def test_power_is_the_share_of_the_adjusted_comparison() -> None:
    design = design_of("power")
    assert (design.n, design.hazard_ratio) == (64, 0.5)
    found = follow_share(draw(design, MANY).adjusted.p_value)
    assert f"in {found.n_found} of 200 cohorts ({format_percent(found.n_found / 200)}" in say(design, MANY)
    assert found.n_found < 100, "what the button says to watch: few cohorts of 64 show it"


def test_a_confounder_moves_all_but_the_adjusted_comparison() -> None:
    drawn = draw(design_of("confounder"), MANY)
    middle = {name: np.exp(np.median(drawn.fits(name).log_ratio)) for name in ("naive", "switching", "adjusted")}  # type: ignore[arg-type]
    assert middle["naive"] < 0.85 and middle["switching"] < 0.85 and 0.93 < middle["adjusted"] < 1.07


def test_many_looks_find_something_in_two_cohorts_of_five() -> None:
    design = design_of("looks")
    found = follow_share(draw(design, MANY).smallest)
    assert found.interval is not None and found.interval.low < design.any_of_looks < found.interval.high
    said = say(design, MANY)
    assert f"yet {found.n_found} of 200 cohorts" in said and "40.1\u00a0% would (1 − 0.95¹⁰)" in said


@pytest.mark.parametrize("name", PRESET)
def test_a_preset_is_known_by_its_settings(name: str) -> None:
    choices = PRESET[name].choices()
    assert find_preset(choices) is PRESET[name]
    assert find_preset({**choices, "simulated_n": 40}) is None
    for control in CONTROLS:
        assert control.allows(choices[control.name])
        if control is not DRAWN:
            low, _ = control.limits
            assert (choices[control.name] - low) % control.step == 0, "where the slider can stand"


def test_settings_at_their_limits_are_designs() -> None:
    for end in (0, 1):
        design = to_design({control.name: control.limits[end] for control in CONTROLS})
        found = draw(replace(design, n=20), 3)
        assert say_happened(design, draw_cohort(design, 3), found).en


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "design",
    [
        Design(),
        Design(looks=4),
        Design(hazard_ratio=0.5, n=30),
        Design(treated=0.0, n=20),
        Design(lost=1.0, treated=1.0, n=20),
    ],
    ids=["nothing", "looks", "effect", "nobody treated", "all treated"],
)
def test_everything_is_drawn_and_said_in_each_language(design: Design, language: Language) -> None:
    cohort = draw_cohort(design, 12)
    drawn = draw(design, 12)
    pictures = [draw(cohort, language) for draw in (draw_naive, draw_honest)]
    pictures += [draw_ratios(design, drawn, language), draw_shares(design, drawn, language)]
    pictures.append(draw_best_label(cohort, float(drawn.smallest[-1]), language))
    said = [say(design, n, language) for n in (1, 12)]
    said += [text for p in pictures for text in (p.title, p.caption, p.alt_text)]
    for text in said:
        assert text and "{" not in text and "nan" not in text, text
        assert language == "en" or re.search(r"[\u4e00-\u9fff]", text), text
    assert len(list_shares(design, drawn)) == (1 if design.looks > 1 else 4)


def test_texts_are_in_both_languages() -> None:
    for setting in SETTINGS:
        for text in (setting.label, setting.help):
            assert text.en != text.zh and re.search(r"[\u4e00-\u9fff]", text.zh)
    for text in (*DRAWN_SO, *(t for preset in PRESETS for t in (preset.label, preset.watch))):
        assert re.search(r"[\u4e00-\u9fff]", text.zh)
        assert len(text.en.split()) < 50


def test_cohorts_that_allow_no_comparison_are_counted() -> None:
    assert "In 12 no comparison can be made" in say(Design(treated=0.0, n=20), 12)


def test_the_figures_hold_what_was_found() -> None:
    design = Design()
    drawn = draw(design, 90)
    shares = draw_shares(design, drawn, "en").figure
    line = next(trace for trace in shares.data if trace.name == "ever treated")
    assert line.y[-1] == pytest.approx(100 * follow_share(drawn.naive.p_value).n_found / 90, abs=0.06)
    ratios = draw_ratios(design, drawn, "en").figure
    points = [trace for trace in ratios.data if trace.mode == "markers" and trace.xaxis == "x"]
    assert sum(len(trace.y) for trace in points) == 60 and min(min(trace.y) for trace in points) == 31


def test_the_smallest_p_value_of_a_cohort_is_called_no_finding() -> None:
    title = draw_best_label(draw_cohort(Design(looks=4), 12), 0.173, "en").title
    assert "finding" not in title and "smallest" in title and "0.173" in title
