"""All that can be wrong with the table `instruments` of a book, one defect at a time."""

import datetime as dt
import math

from defect_case import EMPTY, POSITIVE, cell, extra

__all__ = ["INSTRUMENT_CASES"]

INSTRUMENT_CASES = {
    "instrument twice": extra(
        "instruments",
        (6, "symbol", "ACME  260821C00510000"),
        "must be unique, row 2 has it",
        "A1",
        symbol="ACME  260821C00510000",
        underlying="ACME",
        kind="option",
    ),
    "no instrument symbol": cell(("instruments", 1, "symbol"), None, "must be given"),
    "no kind": cell(("instruments", 2, "kind"), None, "must be stock, option or future", "A1"),
    "kind": cell(("instruments", 2, "kind"), "warrant", "must be stock, option or future", "A1"),
    "kind of an OSI symbol": cell(("instruments", 2, "kind"), "stock", "must be option", "A1"),
    "no underlying": cell(("instruments", 2, "underlying"), None, "must be given", "A1"),
    "unknown underlying": cell(
        ("instruments", 2, "underlying"), "NOPE", "must be one of the underlyings", "A1"
    ),
    "underlying against the symbol": cell(
        ("instruments", 2, "underlying"), "SPY", "must be ACME, as the symbol says", "A1"
    ),
    "negative price": cell(
        ("instruments", 2, "price"), -1.0, "must be zero or positive, or empty", "A1"
    ),
    "price NaN": cell(("instruments", 2, "price"), math.nan, "must be zero or positive", "A1"),
    "price infinite": cell(("instruments", 2, "price"), math.inf, "must be zero or pos", "A1"),
    "negative volatility": cell(
        ("instruments", 4, "implied_volatility"), -0.1, "must be positive, or empty", "A2"
    ),
    "volatility zero": cell(
        ("instruments", 4, "implied_volatility"), 0.0, "must be positive, or empty", "A2"
    ),
    "volatility in per cent": cell(
        ("instruments", 4, "implied_volatility"),
        14.0,
        "must be a fraction such as 0.25, at most 10",
        "A2",
    ),
    "price beyond all sense": cell(
        ("instruments", 2, "price"), 1e10, "must be between -1,000,000,000 and 1,0", "A1"
    ),
    "multiplier beyond all sense": cell(
        ("instruments", 2, "multiplier"), 1e306, "must be between -1,000,000 and", "A1"
    ),
    "ticker on another underlying": cell(
        ("instruments", 1, "underlying"), "SPY", "must be ACME, as the symbol says", "A1"
    ),
    "ticker that is an option": extra(
        "instruments",
        (6, "kind", "option"),
        "must be stock, as the symbol is a ticker of underlyings",
        "A3",
        symbol="SPY",
        underlying="SPY",
        kind="option",
        right="C",
        strike=1.0,
        expiry=dt.date(2026, 8, 21),
    ),
    "stock of an index": extra(
        "instruments",
        (6, "kind", "stock"),
        "must not be stock of an index",
        symbol="SPX",
        underlying="SPX",
        kind="stock",
    ),
    "stock with a right": cell(("instruments", 1, "right"), "C", EMPTY, "A1"),
    "stock with a strike": cell(("instruments", 1, "strike"), 510.0, EMPTY, "A1"),
    "stock with an expiry": cell(("instruments", 1, "expiry"), dt.date(2026, 8, 21), EMPTY, "A1"),
    "stock with an exercise style": cell(("instruments", 1, "exercise"), "american", EMPTY, "A1"),
    "stock with a volatility": cell(("instruments", 1, "implied_volatility"), 0.2, EMPTY, "A1"),
    "future with a strike": cell(
        ("instruments", 5, "strike"), 5000.0, "must be empty for a future", "A3"
    ),
    "right": cell(("instruments", 2, "right"), "call", "must be C or P", "A1"),
    "right against the symbol": cell(
        ("instruments", 2, "right"), "P", "must be C, as the symbol says", "A1"
    ),
    "strike zero": cell(("instruments", 2, "strike"), 0.0, POSITIVE, "A1"),
    "strike NaN": cell(("instruments", 2, "strike"), math.nan, POSITIVE, "A1"),
    "strike against the symbol": cell(
        ("instruments", 2, "strike"), 511.0, "must be 510, as the symbol says", "A1"
    ),
    "expiry against the symbol": cell(
        ("instruments", 2, "expiry"),
        dt.date(2026, 8, 22),
        "must be 2026-08-21, as the symbol says",
        "A1",
    ),
    "expiry that is no date": cell(
        ("instruments", 2, "expiry"), "2026-02-30", "must be a date, YYYY-MM-DD", "A1"
    ),
    "expired instrument": extra(
        "instruments",
        (6, "expiry", "2026-07-09"),
        "must not be before 2026-07-10",
        symbol="X",
        underlying="ACME",
        kind="option",
        right="C",
        strike=1.0,
        expiry=dt.date(2026, 7, 9),
    ),
    "expiry that stands for never": extra(
        "instruments",
        (6, "expiry", "9999-12-31"),
        "must be no later than 2126-06-15, 100 years from the snapshot",
        symbol="X",
        underlying="ACME",
        kind="option",
        right="C",
        strike=1.0,
        expiry=dt.date(9999, 12, 31),
    ),
    "option without right": extra(
        "instruments",
        (6, "right", ""),
        "must be C or P",
        symbol="X",
        underlying="ACME",
        kind="option",
        strike=1.0,
        expiry=dt.date(2026, 8, 21),
    ),
    "option without strike": extra(
        "instruments",
        (6, "strike", ""),
        POSITIVE,
        symbol="X",
        underlying="ACME",
        kind="option",
        right="P",
        expiry=dt.date(2026, 8, 21),
    ),
    "option without expiry": extra(
        "instruments",
        (6, "expiry", ""),
        "must be a date",
        symbol="X",
        underlying="ACME",
        kind="option",
        right="P",
        strike=1.0,
    ),
    "index option without exercise": extra(
        "instruments",
        (6, "exercise", ""),
        "must be given for an index option whose root is not known",
        symbol="X",
        underlying="SPX",
        kind="option",
        right="P",
        strike=1.0,
        expiry=dt.date(2026, 8, 21),
    ),
    "adjusted contract without multiplier": extra(
        "instruments",
        (6, "multiplier", ""),
        "must be given for an adjusted contract",
        symbol="ACME1260821C00510000",
        underlying="ACME",
        kind="option",
    ),
    "exercise": cell(
        ("instruments", 2, "exercise"), "bermudan", "must be american or european", "A1"
    ),
    "settlement": cell(("instruments", 2, "settlement"), "noon", "must be am or pm", "A1"),
    "multiplier zero": cell(("instruments", 2, "multiplier"), 0.0, POSITIVE, "A1"),
    "future without multiplier": cell(
        ("instruments", 5, "multiplier"), None, "must be given for a future", "A3"
    ),
}
