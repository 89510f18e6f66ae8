"""A file is brought, read, mapped, examined and opened on one page; what is wrong on the way is said there."""

from __future__ import annotations

from io import BytesIO, StringIO

import pandas as pd
import pytest
from openpyxl import Workbook

from analytics.intake.mapping_text import read_mapping
from pages.components import state
from pages.components.intake.opening import write_hidden
from tests.app.opening import Dashboard, open_page, turn_to
from tests.intake.portal_download import N_CHILDREN, made_up_download

MAPPING = """
name = "ward"
key = "No"
map.sex = { from = "Sex" }
map.age_years = { from = "Age", rule = "number" }
map.os_days = { from = "Days", rule = "number" }
map.os_event = { from = "Dead" }
"""
ROWS = [f"{i};{'mf'[i % 2]};{i % 15 + 1},5;{100 + 37 * i};{int(i % 5 == 0)}" for i in range(1, 41)]
WARD = "\n".join(["No;Sex;Age;Days;Dead", *ROWS])


@pytest.fixture(autouse=True)
def reference_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COHORT", raising=False)


def bring(*files: tuple[str, str | bytes]) -> Dashboard:
    """The page with files."""
    app = open_page("your-patients")
    brought = [(name, content.encode() if isinstance(content, str) else content, "") for name, content in files]
    app.file_uploader(key=state.INTAKE_FILES).set_value(brought)
    app.run()
    assert not app.exception
    return app


def shown(app: Dashboard) -> str:
    return " ".join(html.proto.body for html in app.get("html"))


def press(app: Dashboard, label: str, about: str = "") -> None:
    """Press the button that begins so, of the finding that it is about."""
    (button,) = [b for b in app.button if b.label.startswith(label) and (b.key or "").endswith(about)]
    button.click().run()
    assert not app.exception


def test_the_synthetic_cohort_beside_the_page_says_so() -> None:
    assert "SYNTHETIC DATA" in shown(open_page("your-patients"))


def test_a_known_export_opens_with_one_press() -> None:
    frame = made_up_download().frame
    app = bring(("download.tsv", frame.to_csv(sep="\t", index=False)))
    assert 'data-testid="recognised"' in shown(app)
    assert "TARGET ALL" in shown(app)
    press(app, f"Show {N_CHILDREN} children")
    assert "All pages show your file <bdi>download.tsv</bdi>." in shown(app)
    turn_to(app, "survival-by-site")
    assert f"All {N_CHILDREN} children, no filter." in shown(app)
    assert app.session_state[state.OWN_COHORT].dictionary.role("MRD after induction") == "mrd_day29"
    turn_to(app, "survival-by-treatment")
    assert "hsct_days" in " ".join(info.value for info in app.info)
    turn_to(app, "your-patients")
    press(app, "Close it and return")
    turn_to(app, "survival-by-site")
    assert "All 436 synthetic children" in shown(app)


def test_a_mapping_that_is_brought_along_is_used() -> None:
    app = bring(("ward.csv", WARD), ("ward.toml", MAPPING))
    assert "40 children, 4 variables." in shown(app)
    assert "between columns a semicolon, decimal comma, names in row 1" in shown(app)
    press(app, "Show 40 children")
    assert app.session_state[state.OWN_COHORT].dictionary["age_years"].unit == "years"


def test_what_tells_who_somebody_is_is_settled_before_anything_is_shown() -> None:
    head, *rows = WARD.split("\n")
    named = "\n".join([f"Patient Name;{head}", *(f"Anna M{i};{row}" for i, row in enumerate(rows))])
    app = bring(("ward.csv", named), ("ward.toml", MAPPING))
    assert 'data-testid="identifiers"' in shown(app)
    assert 'data-testid="imported"' not in shown(app)
    press(app, "Do this")
    assert "Patient Name" not in shown(app).split("What the columns mean")[1]
    mapping = app.session_state[state.INTAKE].mapping
    assert mapping.dropped == ("Patient Name",)
    assert read_mapping(MAPPING).assignments == mapping.assignments


def test_patients_are_told_apart_by_codes_of_the_readers_own_key() -> None:
    app = bring(("ward.csv", WARD.replace("No;", "MRN;")), ("ward.toml", MAPPING.replace('"No"', '"MRN"')))
    press(app, "Do this")
    held = app.session_state[state.INTAKE]
    assert held.mapping.hashed == ("MRN",)
    codes = held.import_now().mapped.frame["patient_id"]
    assert codes.str.fullmatch("[0-9a-f]{16}").all()
    assert codes.nunique() == 40
    names = {button.proto.label for button in app.get("download_button")}
    assert {"Mapping (TOML)", "Report (CSV)", "File with codes and shifted dates (CSV)"} <= names


def test_what_is_wrong_is_excluded_corrected_or_accepted() -> None:
    wrong = WARD.replace("\n3;f;4,5;", "\n3;f;-4,5;").replace("\n7;f;8,5;", "\n7;f;52;")
    app = bring(("ward.csv", wrong), ("ward.toml", MAPPING))
    assert 'data-code="negative"' in shown(app)
    assert "Not yet" in shown(app)
    press(app, "Exclude 1 child", "negative:age_years")
    assert 'data-code="negative"' not in shown(app)
    (note,) = [text for text in app.text_input if text.label == "Why it may stand"]
    note.input("an adult sibling").run()
    press(app, "Accept with this note")
    assert "Decided so far: 1 excluded, 1 finding accepted." in shown(app)
    press(app, "Show 39 children")
    notes = {note.code: note.text for note in app.session_state[state.OWN_COHORT].notes}
    assert "an adult sibling" in notes["import-accepted"]
    assert "“Age at diagnosis” is negative" in notes["import-excluded"]
    turn_to(app, "your-patients")
    press(app, "Take all of it back")
    assert 'data-code="negative"' in shown(app)


def test_months_taken_for_days_are_cured_at_once() -> None:
    months = "\n".join([WARD.split("\n")[0], *(f"{i};m;5;{i + 3};{int(i % 5 == 0)}" for i in range(1, 41))])
    app = bring(("ward.csv", months), ("ward.toml", MAPPING))
    press(app, "Multiply all by 30.4375")
    assert app.session_state[state.INTAKE].mapping.get("os_days").factor == 30.4375
    assert 'data-code="unit-suspect"' not in shown(app)


def test_an_inverted_event_is_exchanged() -> None:
    inverted = "\n".join([WARD.split("\n")[0], *(f"{i};m;5;{300 + i};{int(i % 10 > 0)}" for i in range(1, 41))])
    app = bring(("ward.csv", inverted), ("ward.toml", MAPPING))
    press(app, "Exchange 0 and 1 for everybody")
    deaths = app.session_state[state.INTAKE].import_now().mapped.frame["os_event"]
    assert deaths.sum() == 4


CLINIC_HEAD = (
    "Patientennummer;Name;Geschlecht;Geburtsdatum;Diagnosedatum;Leukozyten (/µl);Status;Letzter Kontakt;Gruppe"
)
CLINIC = "\n".join(
    [
        "Export aus dem Register",
        "",
        CLINIC_HEAD,
        *(
            f"KL-{i};Kind{i} Muster;{('männlich', 'weiblich')[i % 2]};{i % 28 + 1:02d}.05.{2005 + i % 9};"
            f"{i % 27 + 1:02d}.11.2016;{5000 + 310 * i},5;{('lebt', 'verstorben')[i % 4 == 0]};"
            f"{i % 26 + 1:02d}.02.{2018 + i % 5};{'xyz'[i % 3]}"
            for i in range(1, 61)
        ),
    ]
)


def test_an_unknown_export_with_other_names_dates_and_commas_is_opened_by_two_presses() -> None:
    app = bring(("klinik.csv", CLINIC.encode("cp1252")))
    press(app, "Do this")
    frame = app.session_state[state.INTAKE].import_now().mapped.frame
    assert {"age_years", "sex", "white_cells", "os_days", "os_event"} <= set(frame)
    first = frame.iloc[0]
    # Born on 2 May 2006, diagnosed on 2 November 2016, seen last on 2 February 2019; 5310.5 white cells per µL.
    assert first["age_years"] == pytest.approx(3837 / 365.25, rel=1e-6)
    assert (first["sex"], first["os_days"], first["os_event"]) == ("female", 822, 0)
    assert first["white_cells"] == pytest.approx(5.3105)
    assert frame["os_event"].sum() == 15
    press(app, "Show 60 children")
    turn_to(app, "survival-by-variable")
    assert "All 60 children, no filter." in shown(app)


def test_what_is_not_certain_is_asked_with_what_follows() -> None:
    rows = [f"{i};{(1, 2)[i % 3 == 0]};{i % 17};{30 * i}" for i in range(1, 31)]
    app = bring(("codes.csv", "\n".join(["ID;Sex;Age;OS days;Dead"[:19], *rows])))
    assert 'data-testid="guess"' in shown(app)
    (question,) = [radio for radio in app.radio if "stand for" in radio.label]
    assert "20 girls, 10 boys" in str(question.proto.captions)
    question.set_value(1).run()
    press(app, "Use it", "sex")
    assert app.session_state[state.INTAKE].mapping.get("sex").levels == (("1", "male"), ("2", "female"))
    assert app.session_state[state.INTAKE].import_now().mapped.frame["sex"].value_counts()["male"] == 20


def test_where_nothing_is_certain_it_is_asked_and_said() -> None:
    rows = [
        f"{i};0{1 + i % 9}/0{1 + i % 8}/2015;0{1 + i % 8}/0{1 + i % 9}/20{17 + i % 5};{'pqr'[i % 3]}" for i in range(40)
    ]
    app = bring(("unsure.csv", "\n".join(["ID;Diagnose;Letzter Kontakt;Gruppe", *rows])))
    assert "Nothing is certain yet" in shown(app)
    assert "Use a further column" in " ".join(fold.label for fold in app.expander)
    (order,) = [radio for radio in app.radio if "In which order" in radio.label]
    assert len(set(order.proto.captions)) == 2
    press(app, "Use it", "os_days")
    assert app.session_state[state.INTAKE].mapping.get("os_days").date_order == "dmy"


def test_a_further_column_is_used_and_let_go_again() -> None:
    app = bring(("klinik.csv", CLINIC.encode("cp1252")))
    press(app, "Do this")
    held = app.session_state[state.INTAKE]
    app.selectbox(key=state.key_of_intake(held.n_taken, "column")).set_value("Leukozyten (/µl)")
    app.selectbox(key=state.key_of_intake(held.n_taken, "variable")).set_value("haemoglobin")
    press(app, "See how")
    assert "Haemoglobin from Leukozyten" in shown(app)
    press(app, "Use it", "haemoglobin")
    assert "haemoglobin" in held.import_now().mapped.frame
    app.selectbox(key=state.key_of_intake(held.n_taken, "let_go")).set_value("haemoglobin")
    press(app, "Do not use it", "let_go_now")
    assert "haemoglobin" not in held.import_now().mapped.frame


def test_a_column_of_its_own_kind_becomes_a_new_variable() -> None:
    app = bring(("klinik.csv", CLINIC.encode("cp1252")))
    press(app, "Do this")
    held = app.session_state[state.INTAKE]
    press(app, "Add it")
    assert "no new label" in " ".join(warning.value for warning in app.warning)
    app.selectbox(key=state.key_of_intake(held.n_taken, "column")).set_value("Gruppe")
    app.text_input(key=state.key_of_intake(held.n_taken, "new_label")).input("Study group").run()
    press(app, "Add it")
    assert held.import_now().mapped.frame["study_group"].value_counts().to_dict() == {"x": 20, "y": 20, "z": 20}
    press(app, "Show 60 children")
    turn_to(app, "survival-by-variable")
    assert "study_group" in app.session_state[state.OWN_COHORT].variables


def test_all_that_ask_nothing_are_used_by_one_press() -> None:
    app = bring(
        (
            "ward.csv",
            "\n".join(
                [
                    "No;Haus Geschlecht;Age;Status am Ende;Haus Risikogruppe",
                    *(
                        f"{i};{'mf'[i % 2]};{i % 15 + 1},5;{('lebt', 'verstorben')[i % 5 == 0]};{('low', 'high')[i % 2]}"
                        for i in range(1, 41)
                    ),
                ]
            ),
        )
    )
    mapping = app.session_state[state.INTAKE].look().proposal.mapping
    assert mapping.get("sex") is None and mapping.get("risk_group") is None
    press(app, "Use all")
    mapping = app.session_state[state.INTAKE].mapping
    assert {"sex", "risk_group"} <= {a.variable for a in mapping.assignments}


def test_the_dictionary_of_redcap_tells_who_nobody_is() -> None:
    names = [
        "Variable / Field Name",
        "Form Name",
        "Field Type",
        "Field Label",
        "Choices, Calculations, OR Slider Labels",
    ]
    names.append("Identifier?")
    fields = [
        ("record_id", "text", "Record ID", ""),
        ("sex", "radio", "Sex", "1, Male | 2, Female"),
        ("age_dx", "text", "Age at diagnosis", ""),
    ]
    book = "\n".join(
        [",".join(f'"{name}"' for name in names), *(f'{a},ward,{kind},{label},"{c}",' for a, kind, label, c in fields)]
    )
    records = "\n".join(["record_id,sex,age_dx", *(f"{i},{i % 2 + 1},{i % 17}" for i in range(1, 41))])
    app = bring(("records.csv", records), ("dictionary.csv", book))
    assert 'data-testid="identifiers"' not in shown(app)
    assert "REDCap" in shown(app)
    assert app.session_state[state.INTAKE].import_now().mapped.frame["sex"].value_counts()["male"] == 20


def test_a_file_of_the_same_name_and_length_is_read_anew() -> None:
    app = bring(("ward.csv", WARD), ("ward.toml", MAPPING))
    changed = WARD.replace("\n1;f", "\n1;m")
    app.file_uploader(key=state.INTAKE_FILES).set_value(
        [("ward.csv", changed.encode(), ""), ("ward.toml", MAPPING.encode(), "")]
    )
    app.run()
    assert app.session_state[state.INTAKE].import_now().mapped.frame["sex"].iloc[0] == "male"


def test_what_is_said_of_a_layout_detects_the_rest_again_and_can_be_taken_back() -> None:
    rows = "\n".join(f"{i};{i},5|{100 + i};x" for i in range(1, 41))
    app = bring(("odd.csv", f"a title;b;c\nNo;Age|Days;x\n{rows}"), ("ward.toml", MAPPING))
    key = state.key_of_intake(app.session_state[state.INTAKE].n_taken, 0, "encoding")
    app.selectbox(key=key).set_value("utf-16").run()
    assert 'data-testid="intake-problems"' in shown(app)
    press(app, "Detect again how they are read")
    (table,) = app.session_state[state.INTAKE].tables
    assert table.layout.encoding == "utf-8"
    before = table.layout.header_row
    app.selectbox(key=state.key_of_intake(app.session_state[state.INTAKE].n_taken, 0, "separator")).set_value("|").run()
    (table,) = app.session_state[state.INTAKE].tables
    assert (table.layout.separator, before, table.layout.header_row) == ("|", 1, 2)


def test_a_workbook_keeps_its_other_sheets_when_one_is_read_anew() -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    for sheet in (first, book.create_sheet("Labs")):
        for row in (["No", "PLT"], *([i, 20 + i] for i in range(1, 9))):
            sheet.append(row)
    content = BytesIO()
    book.save(content)
    app = bring(("ward.xlsx", content.getvalue()))
    names = [table.name for table in app.session_state[state.INTAKE].tables]
    key = state.key_of_intake(app.session_state[state.INTAKE].n_taken, 0, "header_row")
    app.number_input(key=key).set_value(2).run()
    tables = app.session_state[state.INTAKE].tables
    assert [table.name for table in tables] == names
    assert [table.layout.header_row for table in tables] == [2, 1]


def test_what_was_decided_stays_where_the_columns_do() -> None:
    named = WARD.replace("No;", "MRN;")
    app = bring(("ward.csv", named), ("ward.toml", MAPPING.replace('"No"', '"MRN"')))
    press(app, "Do this")
    key = state.key_of_intake(app.session_state[state.INTAKE].n_taken, 0, "encoding")
    app.selectbox(key=key).set_value("latin-1").run()
    assert app.session_state[state.INTAKE].mapping.hashed == ("MRN",)


def test_several_files_are_joined_by_the_patient() -> None:
    labs = "\n".join(["Nr;PLT", *(f"{i};{20 + i}" for i in range(1, 41))])
    app = bring(
        ("ward.csv", WARD.replace("No;", "Nr;")), ("labs.csv", labs), ("w.toml", MAPPING.replace('"No"', '"Nr"'))
    )
    frame = app.session_state[state.INTAKE].import_now().mapped.frame
    assert frame["platelets"].tolist() == [20 + i for i in range(1, 41)]


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (("ward.csv", ""), "is empty"),
        (("ward.csv", b"%PDF-1.7 \x00\x01"), "PDF"),
        (("ward.toml", "name = 'x"), "the mapping is no TOML"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(file: tuple[str, str | bytes], told: str) -> None:
    app = bring(file)
    assert 'data-testid="intake-problems"' in shown(app)
    assert told in shown(app)


def test_the_text_of_the_mapping_can_be_changed_and_mistakes_are_told() -> None:
    app = bring(("ward.csv", WARD), ("ward.toml", MAPPING))
    (text,) = app.text_area
    text.input(text.value.replace('from = ["Sex"]', 'from = ["Geschlecht"]')).run()
    press(app, "Use this text")
    assert "“Geschlecht” is not in the file" in shown(app)
    (text,) = app.text_area
    text.input("name = ").run()
    press(app, "Use this text")
    assert "no TOML" in " ".join(error.value for error in app.error)


def test_scripts_in_names_and_cells_are_shown_as_text() -> None:
    hostile = WARD.replace("Sex", "<script>alert(1)</script>").replace(";m;", ";<img src=x onerror=alert(1)>;")
    mapping = MAPPING.replace('from = "Sex"', 'from = "<script>alert(1)</script>"')
    app = bring(("<b>ward</b>.csv", hostile), ("ward.toml", mapping))
    assert "<script>alert" not in shown(app)
    assert "<img src=x" not in shown(app)
    assert "<b>ward" not in shown(app)


def test_the_file_that_is_taken_along_names_nobody_and_no_day() -> None:
    app = bring(("klinik.csv", CLINIC.encode("cp1252")))
    press(app, "Do this")
    held = app.session_state[state.INTAKE]
    text = write_hidden(held).decode("utf-8-sig")
    table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    assert "KL-" not in text
    assert "Muster" not in text
    days = {name: pd.to_datetime(table[name]) for name in ("Geburtsdatum", "Diagnosedatum", "Letzter Kontakt")}
    true = [f"2016-11-{i % 27 + 1:02d}" for i in range(1, 61)]
    assert not any(shown == day for shown, day in zip(table["Diagnosedatum"], true, strict=True))
    followed = (days["Letzter Kontakt"] - days["Diagnosedatum"]).dt.days
    assert followed.tolist() == held.import_now().mapped.frame["os_days"].tolist()
