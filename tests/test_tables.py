import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskarray.columns import (
    ColumnTypeError,
    date_column,
    number_column,
)
from riskarray.tables import SCHEMAS, BookError, ColumnKind, Defect
from riskarray.text_columns import merge_text, text_column

TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(["", "A", "NA", "nan", "Ä", "A "])))
ENCODED = pa.dictionary(pa.int8(), pa.large_string())
STRING_TYPES = [pa.string(), pa.large_string(), pa.string_view(), ENCODED]


def chunked(values: list[Any], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    """Return the values as a column of two chunks."""
    whole = pa.array(values, kind)
    middle = len(values) // 2
    return pa.chunked_array([whole[:middle], whole[middle:]], whole.type)


@given(TEXTS, st.sampled_from(STRING_TYPES))
def test_text_is_the_same_from_every_string_type(texts: list[str | None], kind: Any) -> None:
    if kind == ENCODED:
        column = chunked(texts, pa.large_string()).dictionary_encode()
    else:
        column = chunked(texts, kind)
    found = text_column(column)
    want = [text or None for text in texts]
    assert found.strings().to_pylist() == want
    assert found.is_null.tolist() == [text is None for text in want]
    assert len(set(found.value.to_pylist())) == len(found.value)
    assert set(found.value.to_pylist()) == {text for text in want if text}


@given(TEXTS, TEXTS)
def test_text_of_parts_is_merged(one: list[str | None], other: list[str | None]) -> None:
    merged = merge_text([text_column(chunked(t, pa.string())) for t in (one, other)])
    assert merged.strings().to_pylist() == [text or None for text in one + other]


def test_a_dictionary_with_repetitions_nulls_and_unused_texts_is_cleaned() -> None:
    index = pa.array([0, 1, 2, 3, None], pa.int32())
    column = pa.DictionaryArray.from_arrays(index, pa.array(["A", "A", "", None, "unused"]))
    found = text_column(pa.chunked_array([column]))
    assert found.strings().to_pylist() == ["A", "A", None, None, None]
    assert found.value.to_pylist() == ["A"]


def test_account_numbers_are_text() -> None:
    assert text_column(chunked([12, None, 7])).strings().to_pylist() == ["12", None, "7"]


def test_a_column_of_nulls_is_a_column_of_any_kind() -> None:
    column = pa.chunked_array([pa.nulls(2)])
    assert text_column(column).is_null.all()
    assert number_column(column)[0].is_null.all()
    assert date_column(column)[0].is_null.all()


def test_no_chunks_are_no_rows() -> None:
    assert len(text_column(pa.chunked_array([], ENCODED)).code) == 0
    assert len(number_column(pa.chunked_array([], pa.string()))[0].value) == 0


@pytest.mark.parametrize(
    "column",
    [
        chunked([1, None, -3], pa.int16()),
        chunked([1, None, -3], pa.float32()),
        chunked([Decimal("1.00"), None, Decimal("-3.00")]),
        chunked(["1", None, "-3"]),
        chunked(["+1", "", "-3.0"], pa.large_string()),
        chunked(["1e0", None, "-.3e1"]).dictionary_encode(),
        chunked([1.0, None, -3.0]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_numbers_are_the_same_from_every_type(column: pa.ChunkedArray) -> None:
    found, is_bad = number_column(column)
    assert found.value.dtype == np.float64
    np.testing.assert_array_equal(found.value, [1.0, np.nan, -3.0])
    assert found.is_null.tolist() == [False, True, False]
    assert not is_bad.any()


def test_a_nan_is_not_an_empty_cell() -> None:
    found, _ = number_column(chunked([float("nan"), None]))
    assert found.is_null.tolist() == [False, True]
    found, is_bad = number_column(chunked(["nan", None, "-inf"]))
    assert found.is_null.tolist() == [False, True, False]
    assert found.value[2] == -np.inf
    assert not is_bad.any()


@given(st.lists(st.sampled_from(["1", "x", "1,0", " 1", "0x1", "--1", "1e", None, "1e5", "2.5"])))
def test_text_that_spells_no_number_is_marked(texts: list[str | None]) -> None:
    found, is_bad = number_column(chunked(texts, pa.string()))
    good = {"1": 1.0, "1e5": 1e5, "2.5": 2.5}
    assert is_bad.tolist() == [text is not None and text not in good for text in texts]
    want = [good.get(text or "", np.nan) for text in texts]
    np.testing.assert_array_equal(found.value, want)
    assert found.is_null.tolist() == [text is None for text in texts]


DAY = dt.date(2026, 7, 10)
MIDNIGHT = dt.datetime(2026, 7, 10)  # noqa: DTZ001 - a column without a zone


@pytest.mark.parametrize(
    "column",
    [
        chunked([DAY, None]),
        chunked([MIDNIGHT, None], pa.date64()),
        chunked([MIDNIGHT, None], pa.timestamp("ns")),
        chunked([MIDNIGHT, None], pa.timestamp("s")),
        pa.chunked_array(
            [pa.array([MIDNIGHT + dt.timedelta(hours=4), None], pa.timestamp("us", "UTC"))]
        ).cast(pa.timestamp("us", "America/New_York")),
        chunked(["2026-07-10", None]),
        chunked(["2026-07-10", ""]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_dates_are_the_same_from_every_type(column: pa.ChunkedArray) -> None:
    found, is_bad = date_column(column)
    assert found.value.dtype == "datetime64[D]"
    assert found.value.tolist() == [DAY, None]
    assert found.is_null.tolist() == [False, True]
    assert not is_bad.any()


@pytest.mark.parametrize(
    "text", ["2026-7-10", "20260710", "10.07.2026", "2026-02-30", "2026-07-10T00:00", "x"]
)
def test_only_iso_dates_are_dates(text: str) -> None:
    found, is_bad = date_column(chunked([text, "2026-07-10", None]))
    assert is_bad.tolist() == [True, False, False]
    assert found.is_null.tolist() == [True, False, True]


def test_a_time_of_day_is_no_date() -> None:
    found, is_bad = date_column(chunked([MIDNIGHT + dt.timedelta(hours=1), MIDNIGHT, None]))
    assert is_bad.tolist() == [True, False, False]
    assert found.value.tolist() == [None, DAY, None]


@pytest.mark.parametrize(
    ("convert", "column", "message"),
    [
        (text_column, chunked([1.5]), "must hold text, got double"),
        (text_column, chunked([True]), "must hold text, got bool"),
        (number_column, chunked([True]), "must hold numbers, got bool"),
        (number_column, chunked([DAY]), r"must hold numbers, got date32\[day\]"),
        (date_column, chunked([20260710]), "must hold dates, got int64"),
    ],
)
def test_a_type_that_cannot_be_meant_is_refused(convert: Any, column: Any, message: str) -> None:
    with pytest.raises(ColumnTypeError, match=message):
        convert(column)


def test_codes_follow_the_text() -> None:
    column = text_column(chunked(["C", None, "P", "x"]))
    code, is_unknown = column.coded({"C": 1, "P": -1}, 0)
    assert code.tolist() == [1, 0, -1, 0]
    assert is_unknown.tolist() == [False, False, False, True]


def test_every_table_has_columns_of_its_own() -> None:
    for name, schema in SCHEMAS.items():
        names = [column.name for column in schema.columns]
        assert schema.name == name
        assert len(set(names)) == len(names)
        assert any(column.is_required for column in schema.columns)
        assert schema.column(names[0]).kind in ColumnKind


def test_an_error_counts_what_it_does_not_show() -> None:
    defect = Defect(table="rates", row=1, column="rate", value="", message="must be given")
    error = BookError([defect] * 3, count=5)
    assert error.count == 5
    assert str(error).splitlines() == [
        "the book has 5 defects",
        *["  rates row 1, column rate: must be given, got nothing"] * 3,
        "  and 2 more",
    ]
    assert str(BookError([defect])).startswith("the book has 1 defect\n")
