"""What the kernel requires, for blocks of accounts; P&L by valuation point."""

import numpy as np
import pytest

from riskarray.amounts import amount_columns
from riskarray.backends import BackendName
from riskarray.portfolio_margin import requirement
from riskarray.pricing import risk_arrays
from riskarray.rulebook import load_rulebook
from small_books import make_book, make_market, parse_legs, parse_underlyings


def test_a_large_book_is_required_in_blocks_of_accounts(
    monkeypatch: pytest.MonkeyPatch, backend: BackendName
) -> None:
    rules = load_rulebook("house-example")
    legs = parse_legs("100 X;-50 Y;100 SPY;-100 DIA;2 X C 100 60 @5;-40 Z")
    market = make_market(parse_underlyings("X 100;Y 20;Z 5;SPY 500;DIA 400"), legs, rules)
    accounts = {f"A{k:02d}": legs[k % 4 : 2 + k % 5] for k in range(40)} | {"E": []}
    book = make_book(market, accounts, rules)
    arrays = risk_arrays(market, rulebook=rules, backend=backend, threads=1)
    whole = requirement(book, arrays, backend=backend, threads=1)
    monkeypatch.setattr("riskarray.portfolio_runs._GROUPS", 1)
    parts = requirement(book, arrays, backend=backend, threads=1)
    assert parts.groups.equals(whole.groups)
    for name in ("requirement", "regulatory_requirement", "house_part", "worst_group"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    assert parts.worst_point.equals(whole.worst_point)
    assert parts.scenario_set.equals(whole.scenario_set)


def test_rows_of_amounts_become_columns_without_dust() -> None:
    rows = np.array([[1.0, -1e-9, -2.5], [-0.0, 3e-6, 5e-7]] * 1500)
    columns = np.full((3, 3000), np.nan)
    amount_columns(rows, columns)
    expected = np.where(np.abs(rows) > 1e-6, rows, 0.0).T
    np.testing.assert_array_equal(columns, expected)
    assert not np.signbit(columns[columns == 0.0]).any()
