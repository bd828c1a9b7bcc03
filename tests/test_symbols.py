import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskarray.symbols import (
    class_share_name,
    compact_symbol,
    option_root,
    padded_symbol,
    parse_osi,
)

ROOTS = st.from_regex(r"[A-Z][A-Z0-9]{0,5}", fullmatch=True)
EXPIRIES = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31))
STRIKES = st.integers(0, 99_999_999)
SERIES = st.tuples(ROOTS, EXPIRIES, st.sampled_from("CP"), STRIKES)


def strings(*values: str | None) -> pa.StringArray:
    return pa.array(values, pa.string())


def spell(root: str, expiry: dt.date, right: str, thousandths: int) -> str:
    return f"{root}{expiry:%y%m%d}{right}{thousandths:08d}"


@given(st.lists(SERIES, min_size=1, max_size=20))
def test_terms_are_read_from_both_spellings(series: list[tuple[str, dt.date, str, int]]) -> None:
    compact = strings(*(spell(*s) for s in series))
    padded = strings(*(spell(f"{s[0]:<6}", *s[1:]) for s in series))
    for column in (compact, padded):
        terms = parse_osi(column)
        assert terms.is_osi.all()
        assert terms.root.to_pylist() == [s[0] for s in series]
        assert terms.expiry.tolist() == [s[1] for s in series]
        assert terms.right.tolist() == [1 if s[2] == "C" else -1 for s in series]
        np.testing.assert_array_equal(terms.strike, [s[3] / 1000 for s in series])
    assert compact_symbol(padded).equals(compact)
    assert padded_symbol(compact).equals(padded)
    assert compact_symbol(compact).equals(compact)
    assert padded_symbol(padded).equals(padded)


@pytest.mark.parametrize(
    "symbol",
    [
        "SPY",
        "",
        None,
        "BRK B",
        "AAPL240230C00150000",  # 30 February
        "AAPL230229C00150000",  # no leap year
        "AAPL241301C00150000",
        "AAPL240100C00150000",
        "AAPL240119X00150000",
        "AAPL240119C0015000",  # seven digits of strike
        "240119C00150000",  # no root
        "AAPL 240119C00150000",  # padded, but not to six
        " AAPL 240119C00150000",
        "AA PL 240119C00150000",
        "aapl240119C00150000",
        "ABCDEFG240119C00150000",
        "AAPL240119C0015000½",
        "ÄÖÜ240119C00150000",
    ],
)
def test_anything_else_is_not_an_osi_symbol(symbol: str | None) -> None:
    terms = parse_osi(strings(symbol))
    assert not terms.is_osi[0]
    assert terms.root[0].as_py() is None
    assert np.isnat(terms.expiry[0])
    assert compact_symbol(strings(symbol))[0].as_py() == symbol
    assert padded_symbol(strings(symbol))[0].as_py() == symbol


def test_terms_stay_with_their_rows_in_slices_and_between_nulls() -> None:
    column = strings("SPY", None, "SPY240119C00150000", "QQQ   240119P00001500", None)[1:]
    terms = parse_osi(column)
    assert terms.is_osi.tolist() == [False, True, True, False]
    assert terms.root.to_pylist() == [None, "SPY", "QQQ", None]
    assert terms.strike[1:3].tolist() == [150.0, 1.5]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_other_string_columns_are_accepted(kind: pa.DataType) -> None:
    column = strings("SPY240119C00150000", "SPY").cast(kind)
    assert parse_osi(column).is_osi.tolist() == [True, False]
    assert parse_osi(pa.chunked_array([column, column])).is_osi.tolist() == [True, False] * 2


def test_a_leap_day_is_an_expiry() -> None:
    assert parse_osi(strings("A240229P00150000")).is_osi[0]


def test_an_empty_column_has_no_terms() -> None:
    assert len(parse_osi(strings()).is_osi) == 0
    assert len(compact_symbol(strings())) == 0


def test_class_shares_have_one_name_and_one_root() -> None:
    spellings = strings("BRK-B", "BRK.B", "BRK/B", "BRK B")
    assert set(class_share_name(spellings).to_pylist()) == {"BRK.B"}
    assert set(option_root(spellings).to_pylist()) == {"BRKB"}
