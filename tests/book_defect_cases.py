"""All that can be wrong with the tables of a book, one defect at a time."""

import datetime as dt
import math

from defect_case import FINITE, FRACTION, POSITIVE, UNCLEAN, Case, cell, extra
from instrument_defect_cases import INSTRUMENT_CASES

__all__ = ["CASES", "STRUCTURAL"]

SHARED = "as for SPX in the same class group SPX"


def option(symbol: str, message: str) -> Case:
    """A symbol in `positions` that names nothing that can be held; A3 holds it."""
    return cell(("positions", 4, "symbol"), symbol, message, "A3")


# Quarantine leaves out the accounts that one of these touches.
CASES = {
    # positions
    "unknown symbol": option("NOPE", "must be a symbol of instruments, an OSI symbol on one of"),
    "unknown root": option("NOPE260821C00010000", "must be a symbol of instruments"),
    "ruined OSI symbol": option("ACME260230C00510000", "must be a symbol of instruments"),
    "adjusted root": option("ACME1260821C00510000", "the root of an adjusted contract"),
    "option with strike zero": option("ACME260821C00000000", "must have a positive strike"),
    "expired option": option("ACME260618C00510000", "must expire after 2026-07-10 16:00"),
    "option of today": option("ACME260710C00510000", "must expire after 2026-07-10 16:00"),
    "AM option of today": option("SPX260710C05000000", "must expire after 2026-07-10 16:00"),
    "index as a stock": option("SPX", "an index has no shares"),
    "no symbol": cell(("positions", 4, "symbol"), None, "must be given", "A3"),
    "no account": cell(("positions", 4, "account"), None, "must be given", ""),
    "no quantity": cell(("positions", 3, "quantity"), None, FINITE, "A2"),
    "quantity NaN": cell(("positions", 3, "quantity"), math.nan, FINITE, "A2"),
    "quantity infinite": cell(("positions", 3, "quantity"), -math.inf, FINITE, "A2"),
    "quantity text": cell(("positions", 3, "quantity"), "ten", "must be a number", "A2"),
    "quantity with a comma": cell(("positions", 3, "quantity"), "1,0", "must be a number", "A2"),
    "quantity beyond all sense": cell(
        ("positions", 3, "quantity"),
        -1e308,
        "must be between -1,000,000,000 and 1,000,000,000",
        "A2",
    ),
    "part of an option": cell(
        ("positions", 2, "quantity"), -0.5, "must be a whole number of contracts", "A1"
    ),
    "part of a future": cell(
        ("positions", 5, "quantity"), 1.5, "must be a whole number of contracts", "A3"
    ),
    "account with a blank after it": cell(
        ("positions", 2, "account"), "A1 ", UNCLEAN, "A1", "A1 ", shown="A1 "
    ),
    "account with NUL in it": cell(
        ("positions", 2, "account"), "A1\0", UNCLEAN, "A1", "A1\0", shown="A1\0"
    ),
    "account with a line break in it": cell(
        ("positions", 2, "account"), "A\n1", UNCLEAN, "A1", "A\n1", shown="A\n1"
    ),
    "account with an invisible character": cell(
        ("positions", 2, "account"), "A\u200b1", UNCLEAN, "A1", "A\u200b1", shown="A\u200b1"
    ),
    # accounts
    "account with a blank before it": extra(
        "accounts",
        (4, "account", "\u00a0A4"),
        UNCLEAN,
        "A4",
        "\u00a0A4",
        account="\u00a0A4",
        cash=1.0,
    ),
    "cash beyond all sense": cell(
        ("accounts", 3, "cash"), 1e300, "must be between -1,000,000,000,000,000 and", "A4"
    ),
    "account twice": extra(
        "accounts",
        (4, "account", "A3"),
        "must be unique, row 2 has it",
        "A3",
        account="A3",
        cash=1.0,
    ),
    "account without a name": extra(
        "accounts", (4, "account", ""), "must be given", "", account=None, cash=1.0
    ),
    "no cash": cell(("accounts", 1, "cash"), None, FINITE, "A2"),
    "cash NaN": cell(("accounts", 3, "cash"), math.nan, FINITE, "A4"),
    "account type": cell(
        ("accounts", 1, "account_type"), "margin", "must be one of portfolio, reg_t, cash", "A2"
    ),
    **INSTRUMENT_CASES,
    # underlyings
    "underlying twice": extra(
        "underlyings",
        (5, "underlying", "BRK.B"),
        "must be unique, row 4 has it",
        underlying="BRK.B",
        price=1.0,
    ),
    "underlying without a name": extra(
        "underlyings", (5, "underlying", ""), "must be given", price=1.0
    ),
    "no price": cell(("underlyings", 1, "price"), None, POSITIVE, "A1", "A3"),
    "price zero": cell(("underlyings", 2, "price"), 0.0, POSITIVE, "A2", "A3"),
    "underlying price negative": cell(("underlyings", 3, "price"), -500.0, POSITIVE, "A3"),
    "underlying price NaN": cell(("underlyings", 3, "price"), math.nan, POSITIVE, "A3"),
    "product type": cell(
        ("underlyings", 3, "product_type"), "fund", "must be one of equity, etf, index,", "A3"
    ),
    "unknown rulebook key": cell(
        ("underlyings", 3, "portfolio_type"), "mid_cap", "must be one of high_cap_index,", "A3"
    ),
    "product group": cell(("underlyings", 3, "product_group"), "nope", "must be one of", "A3"),
    "strategy class": cell(("underlyings", 3, "strategy_class"), "x", "must be one of", "A3"),
    "points differ in a class group": cell(
        ("underlyings", 3, "portfolio_type"), "equity", f"must be high_cap_index, {SHARED}", "A3"
    ),
    "product groups differ in a class group": cell(
        ("underlyings", 3, "product_group"), "small_cap", SHARED, "A3"
    ),
    "leverage zero": cell(
        ("underlyings", 3, "leverage"), 0.0, "must be a number other than zero", "A3"
    ),
    "yield in per cent": cell(("underlyings", 3, "dividend_yield"), 1.3, FRACTION, "A3"),
    "class group with a blank": cell(("underlyings", 3, "class_group"), "SPX ", UNCLEAN, "A3"),
    "underlying price beyond all sense": cell(
        ("underlyings", 3, "price"), 1e300, "must be between -1,000,000,000 and", "A3"
    ),
    # dividends
    "dividend in cents": cell(
        ("dividends", 1, "amount"),
        500.0,
        "must be USD per share, less than the price of ACME, which is 500",
        "A1",
        "A3",
    ),
    "dividend of nobody": cell(
        ("dividends", 1, "underlying"), "NOPE", "must be one of the underlyings"
    ),
    "no ex-date": cell(("dividends", 1, "ex_date"), None, "must be a date", "A1", "A3"),
    "negative dividend": cell(("dividends", 2, "amount"), -1.0, "must be zero or positive", "A3"),
    "dividend NaN": cell(("dividends", 2, "amount"), math.nan, "must be zero or positive", "A3"),
    "dividend twice": extra(
        "dividends",
        (3, "ex_date", "2026-09-18"),
        "must be unique",
        "A3",
        underlying="SPY",
        ex_date=dt.date(2026, 9, 18),
        amount=1.9,
    ),
}

# Quarantine saves no book from one of these.
STRUCTURAL = {
    "date of a rate twice": extra(
        "rates",
        (3, "date", "2026-07-11"),
        "must be unique, row 1 has it",
        date=dt.date(2026, 7, 11),
        rate=0.1,
    ),
    "no date of a rate": cell(("rates", 1, "date"), None, "must be a date"),
    "rate in per cent": cell(("rates", 2, "rate"), 4.0, FRACTION),
    "rate NaN": cell(("rates", 2, "rate"), math.nan, FRACTION),
}
