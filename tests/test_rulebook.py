# SPDX-License-Identifier: Apache-2.0
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from riskarray.rulebook import (
    FigureRow,
    Rulebook,
    RulebookError,
    list_rulebooks,
    load_rulebook,
)
from rulebook_files import figure, overlay, problems_of, write_rulebook


@pytest.fixture(scope="module")
def finra() -> Rulebook:
    return load_rulebook("finra-4210g")


def test_the_built_in_rulebook_is_listed() -> None:
    assert "finra-4210g" in list_rulebooks()


def test_every_built_in_rulebook_loads_under_its_own_name() -> None:
    for name in list_rulebooks():
        assert load_rulebook(name).id == name


def test_the_stress_table_is_that_of_the_rule(finra: Rulebook) -> None:
    assert finra.points == tuple(f"{k:02d}" for k in range(1, 11))
    # 431(g)-2002 for the ends of the index rows, OCC-RBH for the equity row; in per cent
    expected = {
        "high_cap_index": [-8.0, -6.4, -4.8, -3.2, -1.6, 1.2, 2.4, 3.6, 4.8, 6.0],
        "non_high_cap_index": [-10, -8, -6, -4, -2, 2, 4, 6, 8, 10],
        "equity": [-15, -12, -9, -6, -3, 3, 6, 9, 12, 15],
        "volatility_index": [-15, -12, -9, -6, -3, 3, 6, 9, 12, 15],
    }
    assert set(finra.portfolio_types) == set(expected)
    for name, moves in expected.items():
        np.testing.assert_allclose(finra.market_moves(name), np.array(moves) / 100.0, atol=1e-15)


def test_points_are_labelled_by_their_moves(finra: Rulebook) -> None:
    assert finra.point_labels("equity")[0] == "-15%"
    assert finra.point_labels("equity")[-1] == "+15%"
    assert finra.point_labels("high_cap_index")[5] == "+1.2%"


def test_every_figure_has_a_source_a_date_and_a_mark(finra: Rulebook) -> None:
    rows = list(finra.figures())
    assert len({row.key for row in rows}) == len(rows) > 300
    for row in rows:
        assert isinstance(row, FigureRow)
        assert row.source
        assert isinstance(row.effective, dt.date)
        assert row.mark in {"rule", "secondary", "memory", "derived"}


def test_what_was_never_seen_in_a_text_is_marked_memory(finra: Rulebook) -> None:
    mark = {row.key: row.mark for row in finra.figures()}
    for name in finra.product_groups:
        assert mark[f"product_groups.{name}.offset"] == "memory"
    assert mark["portfolio_groups.us_broad.offset"] == "memory"
    assert mark["minimum_charge.is_long_capped"] == "memory"
    assert mark["scenario_sets.regulatory.moves.volatility_index"] == "memory"
    assert mark["scenario_sets.regulatory.moves.high_cap_index"] == "rule"


@pytest.mark.parametrize(
    ("symbols", "class_group", "portfolio_type", "leverage"),
    [
        ("SPX XSP SPY", "SPX", "high_cap_index", 1.0),
        ("SSO", "SPX", "high_cap_index", 2.0),
        ("UPRO", "SPX", "high_cap_index", 3.0),
        ("SPXU", "SPX", "high_cap_index", -3.0),
        ("SDS", "SPX", "high_cap_index", -2.0),
        ("SH", "SPX", "high_cap_index", -1.0),
        ("DIA DJX", "DJX", "high_cap_index", 1.0),
        ("OEX", "OEX", "high_cap_index", 1.0),
        ("NDX QQQ", "NDX", "non_high_cap_index", 1.0),
        ("QLD", "NDX", "non_high_cap_index", 2.0),
        ("TQQQ", "NDX", "non_high_cap_index", 3.0),
        ("SQQQ", "NDX", "non_high_cap_index", -3.0),
        ("PSQ", "NDX", "non_high_cap_index", -1.0),
        ("QID", "NDX", "non_high_cap_index", -2.0),
        ("RUT IWM", "RUT", "non_high_cap_index", 1.0),
        ("TNA", "RUT", "non_high_cap_index", 3.0),
        ("TZA", "RUT", "non_high_cap_index", -3.0),
        ("SOXL", "SOX", "equity", 3.0),
        ("TSLL", "TSLA", "equity", 2.0),
        ("VIX", "VIX", "volatility_index", 1.0),
    ],
)
def test_known_underlyings_stand_in_the_class_group_of_their_index(
    finra: Rulebook, symbols: str, class_group: str, portfolio_type: str, leverage: float
) -> None:
    for symbol in symbols.split():
        known = finra.underlyings[symbol]
        assert known.class_group == class_group
        assert known.portfolio_type == portfolio_type
        assert known.leverage == leverage


def test_notes_stand_outside_portfolio_margin(finra: Rulebook) -> None:
    assert finra.underlyings["VXX"].product_type in finra.outside_product_types


def test_a_class_group_named_after_a_member_stands_in_its_product_group(finra: Rulebook) -> None:
    assert finra.product_group_of("DIA") == finra.product_group_of("DJX") == "high_cap_broad"
    assert finra.product_group_of("IBM") is None


def test_the_strategy_class_follows_product_and_portfolio_type(finra: Rulebook) -> None:
    assert finra.strategy_class("index", "high_cap_index") == "broad_index"
    assert finra.strategy_class("etf", "non_high_cap_index") == "broad_index"
    assert finra.strategy_class("index", "equity") == "narrow_index"
    assert finra.strategy_class("etf", "equity") == "equity"
    assert finra.strategy_class("index", "volatility_index") == "volatility_index"


def test_an_overlay_changes_its_figures_and_keeps_the_rest(finra: Rulebook, tmp_path: Path) -> None:
    path = overlay(tmp_path, f"[product_groups.high_cap_broad]\noffset = {figure('0.8')}\n")
    mine = load_rulebook(path)
    assert (mine.id, mine.title) == ("mine", finra.title)
    assert mine.product_groups["high_cap_broad"].offset == 0.8
    assert mine.product_groups["high_cap_broad"].portfolio_group == "us_broad"
    assert mine.underlyings == finra.underlyings
    assert mine.sha256 != finra.sha256


def test_an_overlay_states_a_figure_in_full(tmp_path: Path) -> None:
    path = overlay(tmp_path, "[minimum_charge]\nper_unit = { value = 0.5 }\n")
    assert any("per_unit.source must be given" in problem for problem in problems_of(path))


def test_a_base_is_found_beside_the_file(tmp_path: Path) -> None:
    overlay(tmp_path, f"[minimum_charge]\nper_unit = {figure('0.5')}\n")
    path = write_rulebook(tmp_path, 'base = "mine.toml"\nid = "second"\n', "second.toml")
    assert load_rulebook(path).minimum_charge.per_unit.value == 0.5


def test_an_added_scenario_set_adds_its_points(finra: Rulebook, tmp_path: Path) -> None:
    rows = "\n".join(f"{name} = {figure('[-0.25, 0.25]')}" for name in finra.portfolio_types)
    path = overlay(
        tmp_path,
        '[scenario_sets.wide]\ntitle = "Wider moves"\n'
        f"volatility_scale = {figure('[1.5]')}\nvolatility_shift = {figure('[0.0, -0.01]')}\n"
        f"[scenario_sets.wide.moves]\n{rows}\n",
    )
    mine = load_rulebook(path)
    assert mine.points == (*finra.points, "11", "12")
    assert mine.set_offset().tolist() == [0, 10, 12]
    assert mine.scenario_sets[0].volatility_scale == (1.0,) * 10
    assert mine.scenario_sets[1].volatility_scale == (1.5, 1.5)
    assert mine.scenario_sets[1].volatility_shift == (0.0, -0.01)
    assert mine.market_moves("equity")[-2:].tolist() == [-0.25, 0.25]


def test_the_version_in_force_is_taken(tmp_path: Path) -> None:
    versions = f"[{figure('0.25', '2001-01-01')}, {figure('0.5', '2015-06-01')}]"
    path = overlay(tmp_path, f"[minimum_charge]\nper_unit = {versions}\n")
    assert load_rulebook(path).minimum_charge.per_unit.value == 0.5
    for day, value in [("1999-12-31", 0.25), ("2015-05-31", 0.25), ("2015-06-01", 0.5)]:
        rulebook = load_rulebook(path, as_of=dt.date.fromisoformat(day))
        assert rulebook.minimum_charge.per_unit.value == value


def test_offsets_can_be_switched_off(tmp_path: Path) -> None:
    mine = load_rulebook(
        overlay(tmp_path, f"[switches]\ncross_class_offsets = {figure('false')}\n")
    )
    assert {group.offset for group in mine.product_groups.values()} == {0.0}
    assert set(mine.portfolio_groups.values()) == {0.0}


def test_all_defects_are_named_with_file_key_and_value(tmp_path: Path) -> None:
    path = overlay(
        tmp_path,
        f"[switches]\nworst_point = {figure(repr('commn'))}\n"
        "[minimum_charge]\nper_uint = 1\n"
        f"[product_groups.growth]\noffset = {figure('1.5')}\n"
        '[account]\ndeficiency_days = { value = "x", source = "", mark = "rule" }\n',
    )
    problems = problems_of(path)
    assert all(str(path) in problem for problem in problems)
    text = "\n".join(problems)
    assert "switches.worst_point.value must be one of own, common, got 'commn'" in text
    assert "minimum_charge.per_uint must not be given, no such key, got 1" in text
    assert "product_groups.growth.offset.value must be 1 or less, got 1.5" in text
    assert "account.deficiency_days.effective must be given" in text
    assert "account.deficiency_days.source must not be blank, got ''" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"[class_groups.SPX]\nproduct_group = {figure(repr('high_cpa'))}\n",
            "class_groups.SPX.product_group must be one of",
        ),
        (
            f"[product_groups.growth]\nportfolio_group = {figure(repr('nowhere'))}\n",
            "product_groups.growth.portfolio_group must be one of us_broad, got 'nowhere'",
        ),
        (
            f"[scenario_sets.regulatory.moves]\nequity = {figure('[-0.15, 0.15]')}\n",
            "scenario_sets.regulatory.moves.equity must have 10 points, got 2",
        ),
        (
            f"[scenario_sets.regulatory]\nvolatility_scale = {figure('[1.0, 1.1]')}\n",
            "scenario_sets.regulatory.volatility_scale must have 1 or 10 values, got 2",
        ),
        (
            '[scenario_sets.wide]\ntitle = "x"\n[scenario_sets.wide.moves]\n'
            f"equity = {figure('[0.3]')}\n",
            "scenario_sets.wide.moves.high_cap_index must be given",
        ),
        (
            '[stand_alone]\nSPY = { value = 1.0, product_type = "etf", source = "x", '
            'effective = 2020-01-01, mark = "rule" }\n',
            "stand_alone.SPY must name an underlying once, got it in class_groups.SPX.members.SPY",
        ),
        (
            '[stand_alone]\nZZ = { value = 0.0, product_type = "etf", source = "x", '
            'effective = 2020-01-01, mark = "rule" }\n',
            "stand_alone.ZZ must have a leverage other than zero",
        ),
        (
            f"[scenario_sets.regulatory.moves]\nequity = {figure('[-1.5]')}\n",
            "scenario_sets.regulatory.moves.equity.value.0",
        ),
    ],
)
def test_inconsistent_tables_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    problems = problems_of(overlay(tmp_path, text))
    assert any(expected in problem for problem in problems), problems


def test_an_unknown_name_lists_the_built_in_ones() -> None:
    with pytest.raises(RulebookError, match=r"one of .*finra-4210g.*, got 'no-such'"):
        load_rulebook("no-such")


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    assert "must be TOML" in problems_of(write_rulebook(tmp_path, "id = "))[0]


def test_a_base_that_leads_back_to_itself_is_refused(tmp_path: Path) -> None:
    write_rulebook(tmp_path, 'base = "b.toml"\nid = "a"\n', "a.toml")
    write_rulebook(tmp_path, 'base = "a.toml"\nid = "b"\n', "b.toml")
    assert "must not lead back to itself" in problems_of(tmp_path / "a.toml")[0]


def test_an_overlay_needs_an_id_of_its_own(tmp_path: Path) -> None:
    path = write_rulebook(tmp_path, 'base = "finra-4210g"\n')
    assert "id must be given" in problems_of(path)[0]
