"""The template of a team on the page: taken for all slides of the tab, or refused beside its place."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from analytics.exports.html_file import HTML
from analytics.exports.pptx_file import SLIDES
from pages.components import state, template
from tests.exports.slides.test_templates import make_template


def show() -> None:
    import streamlit as st

    from analytics.exports.html_file import HTML
    from analytics.exports.pptx_file import SLIDES
    from pages.components import template

    template.show_template()
    dressed = template.dress_medium(SLIDES)
    st.session_state["dressed"] = (dressed.write is not SLIDES.write, template.dress_medium(HTML) is HTML)
    st.session_state["names"] = (template.name_dress(SLIDES), template.name_dress(HTML))


def test_a_template_is_taken_and_given_up_again() -> None:
    app = AppTest.from_function(show).run()
    assert app.session_state["dressed"] == (False, True) and app.session_state["names"] == ("", "")
    app.file_uploader(key=f"{state.TEMPLATE_FILE}_0").upload("notes.txt", b"no template").run()
    assert [e.value for e in app.error] == ["The template is no presentation. " + app.error[0].value.partition(". ")[2]]
    assert app.session_state["dressed"] == (False, True)
    app.file_uploader(key=f"{state.TEMPLATE_FILE}_1").upload("Team [a].potx", make_template()).run()
    assert not app.error and not app.exception
    assert app.session_state["dressed"] == (True, True)
    assert app.session_state["names"][0] and not app.session_state["names"][1]
    app.button(key=state.FORGET_TEMPLATE).click().run()
    assert app.session_state["dressed"] == (False, True) and not app.exception


def test_media_that_take_no_template_are_left_as_they_are() -> None:
    assert SLIDES.templates and not HTML.templates
    assert template.dress_medium(HTML) is HTML
