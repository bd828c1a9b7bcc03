import pyarrow as pa
import pytest

from riskarray.roots import (
    EXERCISE_AMERICAN,
    EXERCISE_EUROPEAN,
    SETTLEMENT_AM,
    SETTLEMENT_PM,
    index_roots,
    match_roots,
)


def strings(*values: str | None) -> pa.StringArray:
    return pa.array(values, pa.string())


@pytest.mark.parametrize("spelling", ["BRK-B", "BRK.B", "BRK/B"])
def test_a_class_share_root_finds_its_underlying(spelling: str) -> None:
    match = match_roots(strings("BRKB"), strings("SPX", spelling))
    assert match.underlying.tolist() == [1]
    assert not match.is_adjusted[0]


def test_a_ticker_of_that_very_name_comes_before_a_class_share() -> None:
    assert match_roots(strings("BRKB"), strings("BRK-B", "BRKB")).underlying.tolist() == [1]


def test_a_root_that_two_class_shares_could_mean_finds_neither() -> None:
    assert match_roots(strings("ABC"), strings("A-BC", "AB-C")).underlying.tolist() == [-1]


@pytest.mark.parametrize(
    ("root", "underlying", "exercise", "settlement"),
    [
        ("SPX", "SPX", EXERCISE_EUROPEAN, SETTLEMENT_AM),
        ("SPXW", "SPX", EXERCISE_EUROPEAN, SETTLEMENT_PM),
        ("NDX", "NDX", EXERCISE_EUROPEAN, SETTLEMENT_AM),
        ("NDXP", "NDX", EXERCISE_EUROPEAN, SETTLEMENT_PM),
        ("RUTW", "RUT", EXERCISE_EUROPEAN, SETTLEMENT_PM),
        ("VIXW", "VIX", EXERCISE_EUROPEAN, SETTLEMENT_AM),
        ("OEX", "OEX", EXERCISE_AMERICAN, SETTLEMENT_PM),
        ("XEO", "XEO", EXERCISE_EUROPEAN, SETTLEMENT_PM),
    ],
)
def test_an_index_root_implies_its_terms(
    root: str, underlying: str, exercise: int, settlement: int
) -> None:
    match = match_roots(strings(root), strings("SPY", underlying))
    assert match.underlying.tolist() == [1]
    assert match.exercise.tolist() == [exercise]
    assert match.settlement.tolist() == [settlement]


def test_a_stock_root_implies_no_terms_and_a_missing_underlying_is_minus_one() -> None:
    match = match_roots(strings("SPY", "XYZ", None, "SPXW"), strings("SPY"))
    assert match.underlying.tolist() == [0, -1, -1, -1]
    assert match.exercise[:3].tolist() == [0, 0, 0]


def test_an_adjusted_root_is_never_taken_for_the_standard_contract() -> None:
    match = match_roots(strings("AAPL1", "AAPL"), strings("AAPL"))
    assert match.underlying.tolist() == [-1, 0]
    assert match.is_adjusted.tolist() == [True, False]


def test_a_digit_in_the_name_of_an_underlying_is_no_adjustment() -> None:
    match = match_roots(strings("U0001"), strings("U0001"))
    assert match.underlying.tolist() == [0]
    assert not match.is_adjusted[0]


def test_every_index_root_has_a_source_and_known_terms() -> None:
    roots = index_roots()
    assert len({r.root for r in roots}) == len(roots)
    for root in roots:
        assert root.source
        assert root.exercise in {"american", "european"}
        assert root.settlement in {"am", "pm"}
