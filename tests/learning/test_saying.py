"""Texts of lessons: terms come before words of the dictionary, and a field without either is an error."""

from __future__ import annotations

import pytest

from analytics.languages import Text, choose_language
from analytics.learning.saying import both, fill


def test_terms_and_words_fill_both_languages() -> None:
    text = Text("{n} {patients} after {relapse}: {title}", "{n} 名{patients}{relapse}后：{title}")
    said = fill(text, n="3", title=Text("a {brace}", "题"))
    assert said == Text("3 children after relapse: a {brace}", "3 名患儿复发后：题")


def test_a_field_without_a_term_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill(Text("{nothing}", ""))
    with pytest.raises(KeyError):
        fill(Text("", "{nothing}"))


def test_browsers_in_simplified_chinese_are_spoken_to_in_it() -> None:
    spoken = {
        locale: choose_language(locale) for locale in ("zh", "zh-CN", "zh-Hans-SG", "zh-TW", "zh-Hant", "de", None, "")
    }
    assert [locale for locale, language in spoken.items() if language == "zh"] == ["zh", "zh-CN", "zh-Hans-SG"]
    assert both("7").said("zh") == "7"
