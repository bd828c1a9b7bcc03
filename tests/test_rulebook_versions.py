# SPDX-License-Identifier: Apache-2.0
"""Which version of a figure holds on a day, and what is said of those used before their time."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

import riskarray as ra
from riskarray.book_warnings import book_warnings, rulebook_warnings, short_warnings
from riskarray.report.summary import warning_lines
from riskarray.rulebook import Rulebook, RulebookError, load_rulebook
from rulebook_files import figure, overlay

EXAMPLES = Path(__file__).parents[1] / "examples"
SETS = "[scenario_sets.regulatory.moves]\nequity = "
WIDE = "[-0.5, -0.12, -0.09, -0.06, -0.03, 0.03, 0.06, 0.09, 0.12, 0.5]"


def per_unit(*versions: tuple[str, str]) -> str:
    rows = [figure(*version) for version in versions]
    value = rows[0] if len(rows) == 1 else f"[{', '.join(rows)}]"
    return f"[minimum_charge]\nper_unit = {value}\n"


def on(path: Path, day: str) -> Rulebook:
    return load_rulebook(path, as_of=dt.date.fromisoformat(day))


def book_of(rulebook: Path | str, *symbols: str, as_of: str = "2026-07-10") -> ra.Book:
    underlyings = pa.table({"underlying": list(symbols), "price": [100.0] * len(symbols)})
    none = pa.array([], pa.string())
    n = len(symbols)
    return ra.Book.from_tables(
        underlyings=underlyings,
        instruments=pa.table({"symbol": none, "underlying": none, "kind": none}),
        positions=pa.table(
            {"account": ["A"] * n, "symbol": list(symbols), "quantity": [100.0] * n}
        ),
        as_of=dt.date.fromisoformat(as_of),
        rate=0.04,
        rulebook=rulebook,
    )


@pytest.mark.parametrize(
    ("day", "value"),
    [("2008-07-31", 0.375), ("2026-07-10", 0.375), ("2029-12-31", 0.375), ("2030-01-01", 3.75)],
)
def test_the_base_holds_until_the_file_on_top_is_in_force(
    tmp_path: Path, day: str, value: float
) -> None:
    path = overlay(tmp_path, per_unit(("3.75", "2030-01-01")))
    assert on(path, day).minimum_charge.per_unit.value == value
    assert load_rulebook(path).minimum_charge.per_unit.value == 3.75


def test_a_file_in_force_stands_above_a_newer_base(tmp_path: Path) -> None:
    overlay(tmp_path, per_unit(("0.5", "2025-01-01"), ("0.6", "2026-06-01")), "under.toml")
    path = overlay(tmp_path, per_unit(("0.9", "2020-01-01")), base="under.toml")
    assert on(path, "2026-07-10").minimum_charge.per_unit.value == 0.9
    path = overlay(tmp_path, per_unit(("0.9", "2027-01-01")), base="under.toml")
    assert on(path, "2026-07-10").minimum_charge.per_unit.value == 0.6
    assert on(path, "2026-05-31").minimum_charge.per_unit.value == 0.5
    assert on(path, "2024-12-31").minimum_charge.per_unit.value == 0.375


def test_a_move_to_come_does_not_change_the_requirement(tmp_path: Path) -> None:
    path = overlay(tmp_path, SETS + figure(WIDE, "2030-01-01") + "\n")
    report = ra.margin(book_of(path, "ACME"))
    assert report.accounts["requirement"].to_pylist() == [1500.0]
    assert not list(warning_lines(report))
    later = ra.margin(book_of(path, "ACME", as_of="2030-01-02"))
    assert later.accounts["requirement"].to_pylist() == [5000.0]


def test_a_figure_that_nothing_stands_in_for_is_used_with_a_warning(tmp_path: Path) -> None:
    floors = f"[scenario_sets.regulatory.floors]\nACME = {figure('[0.5, 0.5]', '2030-01-01')}\n"
    new = figure("1.0", "2030-01-01", product_type="'etf'")
    members = f"[class_groups.SPX.members]\nNEW = {new}\n"
    report = ra.margin(book_of(overlay(tmp_path, floors + members), "ACME"))
    assert report.accounts["requirement"].to_pylist() == [5000.0]
    (line,) = warning_lines(report)
    assert line == (
        "warning: mine used on 2026-07-10, before these are in force: "
        "scenario_sets.regulatory.floors.ACME (2030-01-01)"
    )
    rules = report.manifest["rulebook"]
    assert isinstance(rules, dict)
    assert rules["warnings"] == [
        "scenario_sets.regulatory.floors.ACME of mine is used on 2026-07-10, before it is in "
        "force: 2030-01-01"
    ]


def test_a_rulebook_of_a_later_day_is_used_with_a_warning(tmp_path: Path) -> None:
    book = book_of(overlay(tmp_path, "effective = 2099-01-01\n"), "ACME")
    assert any("effective (2099-01-01)" in line for line in short_warnings(book))


def test_examples_name_the_figures_before_their_time() -> None:
    assert book_warnings(ra.read_book(EXAMPLES / "acme")) == ()
    book = ra.read_book(EXAMPLES / "cboe-2007")
    full = book_warnings(book)
    assert any(line.startswith("minimum_charge.per_unit of finra-4210g") for line in full)
    assert not any("members.QQQ" in line for line in full)  # not in the book
    (line,) = short_warnings(book)
    assert line.endswith(f"and {len(full) - 3} more")


def test_dates_that_are_no_dates_are_refused(tmp_path: Path) -> None:
    for versions, expected in [
        ((("0.3", "2020-01-01"), ("0.5", "2021-01-01T00:00:00")), "version 2 an effective date"),
        ((("0.3", "2020-01-01"), ("0.5", '"2021-01-01"')), "version 2 an effective date"),
        ((("0.3", "2020-01-01"), ("0.5", "2020-01-01")), "a date of its own, got 2020-01-01 twice"),
        ((("0.3", "2020-01-01T00:00:00"),), "effective must be a date such as 2026-07-01"),
    ]:
        path = overlay(tmp_path, per_unit(*versions))
        with pytest.raises(RulebookError, match=expected):
            load_rulebook(path)


def test_every_version_is_checked(tmp_path: Path) -> None:
    path = overlay(tmp_path, per_unit(("'abc'", "2010-01-01"), ("0.5", "2020-01-01")))
    with pytest.raises(RulebookError) as caught:
        load_rulebook(path)
    assert caught.value.problems == (
        f"rulebook {path}: minimum_charge.per_unit.value (version of 2010-01-01) must be a number, "
        "got 'abc'",
    )


def test_notes_that_are_dropped_are_named(tmp_path: Path) -> None:
    path = overlay(tmp_path, 'drop = ["stand_alone"]\n')
    book = book_of(path, "FNGU", "ACME")
    (line,) = short_warnings(book)
    assert line == (
        "mine drops notes or leveraged products of its base, which then count as plain shares "
        "unless a book says otherwise: FNGU"
    )
    assert book_warnings(book) == (line,)
    assert not list(short_warnings(book_of(path, "ACME")))
    (line,) = rulebook_warnings(load_rulebook(path), None)
    assert line.endswith("VXX, VXZ, FNGU and 20 more")


def test_leveraged_products_that_are_dropped_are_named(tmp_path: Path) -> None:
    path = overlay(tmp_path, 'drop = ["class_groups.SPX"]\n')
    (line,) = short_warnings(book_of(path, "SPY", "UPRO", "SH"))
    assert line.endswith(": UPRO, SH")


def test_another_product_of_a_listed_ticker_is_named() -> None:
    """MID is listed as an index, VXX as a note; SPY is a fund whatever else it is called."""
    names = ["ACME", "MID", "SPY", "VXX"]
    book = ra.Book.from_tables(
        as_of=dt.date(2026, 7, 10),
        rate=0.03,
        underlyings=pa.table(
            {
                "underlying": names,
                "price": [100.0] * 4,
                "product_type": ["equity", "etf", "equity", "etf"],
            }
        ),
        instruments=pa.table({"symbol": names, "underlying": names, "kind": ["stock"] * 4}),
        positions=pa.table({"account": ["A"], "symbol": ["ACME"], "quantity": [1.0]}),
    )
    (line,) = short_warnings(book)
    assert line == (
        "the book has products otherwise than finra-4210g lists them: "
        "MID as etf in class group MID, not index, VXX as etf in class group VXX, not etn"
    )
    assert book_warnings(book) == (line,)


def test_a_rulebook_that_includes_nothing_of_the_book_says_so(tmp_path: Path) -> None:
    included = figure("['SPYY']", "2020-01-01")
    path = overlay(tmp_path, f"[eligibility]\nincluded = {included}\n")
    (line,) = short_warnings(book_of(path, "SPY", "ACME"))
    assert line == "mine includes none of the book's underlyings in portfolio margin"


def test_notes_that_are_listed_anew_are_not_lost(tmp_path: Path) -> None:
    note = figure("3.0", "2020-01-01", product_type="'etn'")
    text = f'drop = ["stand_alone.FNGU"]\n[stand_alone]\nFNGU = {note}\n'
    assert load_rulebook(overlay(tmp_path, text)).dropped_products == ()
    included = figure("['SPY']", "2020-01-01")
    text = f'drop = ["stand_alone"]\n[eligibility]\nincluded = {included}\n'
    path = overlay(tmp_path, text)
    assert not list(short_warnings(book_of(path, "FNGU", "SPY")))


def test_the_documented_example_drops_no_notes(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "docs" / "rulebooks.md").read_text(encoding="utf-8")
    example = text.partition("```toml\n")[2].partition("```")[0]
    dropped = text.partition("`drop = ")[2].partition("`")[0]
    path = tmp_path / "our-firm.toml"
    path.write_text(f"drop = {dropped}\n{example}", encoding="utf-8")
    rules = load_rulebook(path, as_of=dt.date(2026, 7, 10))
    assert rules.product_groups["high_cap_broad"].offset == 0.85
    assert not list(rulebook_warnings(rules, dt.date(2026, 7, 10)))


def test_switches_never_ask_for_less_but_for_offsets_between_class_groups() -> None:
    """As the head of the file and docs/rulebooks.md say; the moves of a firm have no others."""
    switches = load_rulebook("finra-4210g").switches
    assert switches.worst_point.value == "own"
    assert switches.minimum_level.value == "class_group"
    assert switches.residual_gain.value == "discounted"
    assert switches.cross_class_offsets.value is True
    firm, customer = load_rulebook("sec-15c3-1a"), load_rulebook("finra-4210g")
    assert firm.product_groups == customer.product_groups
