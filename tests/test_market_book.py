"""Seventy underlyings of a real close: both backends agree on everything that comes out."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import riskarray as ra
from explanation_check import requirement_from, shares_of
from riskarray.backends import BACKEND_NAMES, BackendName

pytestmark = pytest.mark.market

CENT = 0.005


@pytest.fixture(scope="module")
def book(core_book: Path) -> ra.Book:
    return ra.read_book(core_book)


@pytest.fixture(scope="module")
def reports(book: ra.Book) -> dict[BackendName, ra.Report]:
    names: tuple[BackendName, ...] = BACKEND_NAMES  # type: ignore[assignment]  # the same names
    return {name: ra.margin(book, backend=name) for name in names}


def assert_tables_agree(one: pa.Table, other: pa.Table) -> None:
    """Amounts within half a cent, everything else the same but for labels of equal losses."""
    assert one.column_names == other.column_names
    for name in one.column_names:
        a, b = one[name].combine_chunks(), other[name].combine_chunks()
        if pa.types.is_floating(a.type):
            np.testing.assert_allclose(a, b, rtol=0.0, atol=CENT, err_msg=name)
        elif name != "worst_point":
            assert a.equals(b), name


def groups_with_other_labels(one: pa.Table, other: pa.Table) -> set[str]:
    """Accounts with a class group whose worst loss is the same at two points, to half a cent."""
    is_other = np.asarray(pc.not_equal(one["worst_point"], other["worst_point"]))
    points = [name for name in one.column_names if name.startswith("pnl_")]
    pnl = np.column_stack([np.asarray(one[name])[is_other] for name in points])
    two_worst = np.sort(pnl, axis=1)[:, :2]
    assert (two_worst[:, 1] - two_worst[:, 0] < 2 * CENT).all()
    return set(one["account"].filter(pa.array(is_other)).to_pylist())


def test_every_account_is_in_the_result_and_no_figure_is_missing(
    reports: dict[BackendName, ra.Report],
) -> None:
    for report in reports.values():
        assert report.accounts["account"].to_pylist() == [f"A{k:03d}" for k in range(1000)]
        assert report.rejects.num_rows == 0
        json.loads(report.to_json())  # refuses what is not a number


def test_risk_arrays_of_both_backends_agree(reports: dict[BackendName, ra.Report]) -> None:
    native, numba = (reports[name].result.arrays for name in ("native", "numba"))
    assert native.volatility_source.equals(numba.volatility_source)
    assert native.status.equals(numba.status)
    market = reports["native"].result.book.market
    instruments = market.instruments
    scale = market.underlyings.price[instruments.underlying] + instruments.strike
    np.testing.assert_allclose(native.base / scale, numba.base / scale, rtol=0.0, atol=1e-9)
    unit = (scale * instruments.multiplier)[:, None]
    np.testing.assert_allclose(native.pnl / unit, numba.pnl / unit, rtol=0.0, atol=2e-9)


@pytest.mark.parametrize("name", ["accounts", "groups", "strategies", "rejects"])
def test_tables_of_both_backends_agree(name: str, reports: dict[BackendName, ra.Report]) -> None:
    assert_tables_agree(getattr(reports["native"], name), getattr(reports["numba"], name))


def test_backends_name_the_same_worst_points_but_for_equal_losses(
    reports: dict[BackendName, ra.Report],
) -> None:
    native, numba = reports["native"], reports["numba"]
    known = groups_with_other_labels(native.groups, numba.groups)
    assert len(known) < 50
    is_other = pc.not_equal(native.accounts["worst_point"], numba.accounts["worst_point"])
    assert set(native.accounts["account"].filter(is_other).to_pylist()) <= known


def test_files_are_the_same_bytes_for_one_thread_and_two(
    book: ra.Book, reports: dict[BackendName, ra.Report], tmp_path: Path
) -> None:
    reports["native"].write(tmp_path / "all")
    for threads in (1, 2):
        ra.margin(book, threads=threads).write(tmp_path / str(threads))
        for file in (tmp_path / "all").iterdir():
            assert file.read_bytes() == (tmp_path / str(threads) / file.name).read_bytes()


def test_every_requirement_comes_out_again_from_the_json_of_its_explanation(
    reports: dict[BackendName, ra.Report],
) -> None:
    report = reports["native"]
    reported = report.accounts.to_pylist()
    for row, explanation in zip(reported, report.explanations(), strict=True):
        result = json.loads(explanation.to_json())
        assert result["account"] == row["account"]
        assert requirement_from(result) == pytest.approx(row["requirement"], abs=CENT)
        assert shares_of(result) == pytest.approx(row["requirement"], abs=CENT)
        shares = sum(position["share"] for position in result["positions"])
        assert shares == pytest.approx(row["risk_loss"], abs=CENT)
