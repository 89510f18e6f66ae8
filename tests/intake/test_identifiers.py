"""What tells who somebody is is found by names and by content in three languages, and measurements are not taken for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.intake.hiding import (
    MOST_DAYS,
    drop_columns,
    hash_columns,
    hash_texts,
    list_dates,
    make_key,
    shift_dates,
)
from analytics.intake.identifiers import find_identifiers, load_kinds
from analytics.intake.layout import Layout
from analytics.intake.tables import SourceTable, to_text

KEY = "a key that stays with its owner"


def table(**columns: list[str | None]) -> SourceTable:
    frame = pd.DataFrame({name: to_text(cells) for name, cells in columns.items()})
    return SourceTable("t.csv", Layout("text"), frame, np.arange(2, len(frame) + 2))


def kinds_of(**columns: list[str | None]) -> dict[str, str]:
    return {found.column: found.kind for found in find_identifiers(table(**columns))}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Patient Name", "names"),
        ("patientName", "names"),
        ("LAST_NAME", "names"),
        ("Nachname", "names"),
        ("姓名", "names"),
        ("患者姓名1", "names"),
        ("MRN", "records"),
        ("Fallnummer", "records"),
        ("住院号", "records"),
        ("SSN", "insurance"),
        ("Versichertennummer", "insurance"),
        ("身份证号", "insurance"),
        ("DOB", "births"),
        ("date_of_birth", "births"),
        ("Geburtsdatum", "births"),
        ("出生日期", "births"),
        ("Phone", "phones"),
        ("联系电话", "phones"),
        ("Zip Code", "addresses"),
        ("PLZ", "addresses"),
        ("家庭住址", "addresses"),
        ("E-Mail", "emails"),
    ],
)
def test_names_of_columns_tell(name: str, kind: str) -> None:
    assert kinds_of(**{name: [f"value {i}" for i in range(40)]}) == {name: kind}


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("Vorname", [f"Anna{i % 30}" for i in range(3000)], "names"),  # a few first names are those of thousands
        ("Nachname, Vorname", ["Müller, Anna", "Weber, Jan"] * 30, "names"),
        ("MRN", [str(70000 + i // 12) for i in range(240)], "records"),  # twelve visits of each
        ("Geburtsdatum", [f"{i % 28 + 1}.1.2010" for i in range(900)], "births"),
        ("who", [f"Anna Meier{'abcdefghijklmnopqrst'[i % 20]}" for i in range(400)], "names"),
    ],
)
def test_what_repeats_in_a_large_or_long_table_tells_all_the_same(name: str, values: list[str], kind: str) -> None:
    assert kinds_of(**{name: list(values)}) == {name: kind}


@pytest.mark.parametrize("name", ["Name", "Mobile", "Mother", "Insurance"])
def test_a_few_values_under_a_vague_name_tell_nobody(name: str) -> None:
    assert kinds_of(**{name: ["yes", "no"] * 20}) == {}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["Anna Schmidt", "Müller, Jonas", "Marie von Stein", "Li Na", "John Q. Public"], "names"),
        (["王小明", "李娜", "张伟", "陈晓东", "欧阳"], "names"),
        (["see anna@example.org", "", "", "", "fever"], "emails"),
        (["", "11010519491231002X", "", "", "none"], "insurance"),
        (["943 476 5919", "943 476 5870", "987 654 4321", "450 557 7104", "401 023 2137"], "insurance"),
        (["13812345678", "15912345678", "18812345678", "13912345670", "17712345678"], "phones"),
        (["+49 221 4780", "+49 89 440 00", "+44 20 7946 0018", "0221/478123", "(212) 555-0123"], "phones"),
        (["Hauptstraße 12", "Am Weg 3", "Lindenallee 4", "Marktplatz 1", "Gartenstr. 9"], "addresses"),
        (["10 Downing Street", "221 Baker St", "5 Park Avenue", "7 Elm Road", "9 Oak Lane"], "addresses"),
        (
            ["上海市浦东新区东方路1678号", "北京市西城区南礼士路56号", "南京路1号", "中山路2号", "人民路3号"],
            "addresses",
        ),
    ],
)
def test_content_tells(values: list[str], kind: str) -> None:
    assert kinds_of(remark=[value or None for value in values]) == {"remark": kind}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Protocol Name", ["CCCG-ALL-2015", "AIEOP-BFM"] * 20),
        ("TEL AML1 Status", [f"Negative {i}" for i in range(40)]),
        ("Sex at birth", [f"female {i}" for i in range(40)]),
        ("birth_weight", [str(2500 + i) for i in range(40)]),
        ("redcap_event_name", [f"visit_{i}_arm_1" for i in range(40)]),
        ("wbc", [f"{i * 1.7:.1f}" for i in range(40)]),
        ("patient_id", [f"TARGET-10-PA{i:04d}" for i in range(40)]),
        ("Karyotype", [f"46,XY,del({i})(p21)[4]/46,XY[{i}]" for i in range(40)]),
        ("site", ["Bone Marrow", "Central Nervous"] * 20),
        ("died", [None] * 40),
        ("diagnosis_date", [f"2015-03-{i % 28 + 1:02d}" for i in range(40)]),
        ("survival", [str(100000000 + 37 * i) for i in range(40)]),
    ],
)
def test_what_is_measured_tells_nobody(name: str, values: list[str | None]) -> None:
    assert kinds_of(**{name: values}) == {}


@pytest.mark.parametrize("text", ["a" * 50_000, "患" * 50_000, "a." * 25_000, "9" * 50_000])
def test_long_remarks_are_looked_through_at_once(text: str) -> None:
    # A search that began anew at every letter would take minutes.
    assert kinds_of(remark=[*([text] * 50), "see anna@example.org"]) == {"remark": "emails"}


def test_any_digits_are_a_number_of_some_country_so_measurements_are_passed_over() -> None:
    valid = ["943 476 5919", "943 476 5870", "987 654 4321", "450 557 7104", "401 023 2137"]
    assert find_identifiers(table(cells=list(valid)), numbers=["cells"]) == ()


def test_every_kind_has_words_of_three_languages() -> None:
    for kind in load_kinds():
        assert any(any("\u4e00" <= c <= "\u9fff" for c in word) for word in kind.words)
        assert len(kind.words) == len(set(kind.words))


def test_a_hash_is_the_same_for_the_same_text_and_key_alone() -> None:
    texts = to_text(["MRN 1", "MRN 2", "MRN 1", None])
    hashed = hash_texts(texts, KEY)
    assert hashed[0] == hashed[2] != hashed[1]
    assert hashed.isna().tolist() == [False, False, False, True]
    # HMAC-SHA256 of "MRN 1", by OpenSSL.
    assert hashed[0] == "88df6c9864c7fa4f"
    assert hash_texts(texts, KEY + "!")[0] != hashed[0]
    with pytest.raises(ValueError, match="8 characters"):
        hash_texts(texts, "short")
    assert make_key() != make_key()


def test_columns_are_dropped_and_hashed() -> None:
    source = table(mrn=["1", "2"], name=["A B", "C D"], wbc=["3", "4"])
    clean = hash_columns(drop_columns(source, ["name"]), ["mrn"], KEY)
    assert clean.columns == ("mrn", "wbc")
    assert "1" not in clean.frame["mrn"].tolist()
    assert source.columns == ("mrn", "name", "wbc")


def test_dates_of_a_patient_move_together_and_those_of_others_otherwise() -> None:
    n = 300
    source = table(
        who=[f"p{i}" for i in range(n)] + [None],
        first=["2019-03-04"] * n + ["2019-03-04"],
        second=["2020-02-29"] * (n - 1) + ["not known", "2019-03-04"],
    )
    moved = shift_dates(source, ["first", "second"], "who", KEY).frame
    first, second = (pd.to_datetime(moved[name], errors="coerce") for name in ("first", "second"))
    days = (first[:n] - pd.Timestamp("2019-03-04")).dt.days
    assert ((second - first)[: n - 1].dt.days == 362).all()
    assert days.abs().between(1, MOST_DAYS).all()
    assert days.nunique() > 100
    assert moved.loc[n - 1 :, "second"].isna().all()
    assert pd.isna(moved["first"][n])
    assert list_dates(source) == ("first", "second")


@pytest.mark.parametrize(("order", "days"), [("dmy", 29), ("mdy", 1)])
def test_dates_of_any_writing_are_moved(order: str, days: int) -> None:
    source = table(who=["a", "b"], day=["01.02.2020", "03.04.2021"], later=["01.03.2020", "3. Mai 2021"])
    moved = shift_dates(source, ["day", "later"], "who", KEY, order).frame
    first, later = (pd.to_datetime(moved[name]) for name in ("day", "later"))
    assert (later - first).dt.days[0] == days
    assert first[0] not in (pd.Timestamp("2020-02-01"), pd.Timestamp("2020-01-02"))
