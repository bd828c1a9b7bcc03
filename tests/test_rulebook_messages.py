# SPDX-License-Identifier: Apache-2.0
"""What is said of a rulebook file that is not right: file, key, condition, value."""

from pathlib import Path

import pytest

from rulebook_files import figure, overlay, problems_of

CHARGE = "[minimum_charge]\nper_unit = "
SET = "[scenario_sets.regulatory]\n"
MOVES = "[scenario_sets.regulatory.moves]\nequity = "
ELIGIBILITY = "[eligibility]\n"
DEVIATIONS = SET + f"move_unit = {figure(repr('standard_deviation'))}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            CHARGE + "0.3",
            "charge.per_unit must be a table with value, source, effective and mark, got 0.3",
        ),
        (CHARGE + "[]", "per_unit must be a table with value, source, effective and mark, got []"),
        (CHARGE + figure("nan"), "per_unit.value must be a finite number, got nan"),
        (CHARGE + figure("1e308"), "per_unit.value must be 1e+15 or less, got 1e+308"),
        (CHARGE + figure("'0.3'"), "per_unit.value must be a number, got '0.3'"),
        (CHARGE + figure("0.3", source="' '"), "per_unit.source must not be blank, got ' '"),
        (
            CHARGE + figure("0.3", effective="'2020-01-01'"),
            "per_unit.effective must be a date such as 2026-07-01, without quotes or time of day, "
            "got '2020-01-01'",
        ),
        (
            CHARGE + figure("0.3", mark="'sure'"),
            "per_unit.mark must be one of rule, secondary, memory, derived, got 'sure'",
        ),
        (CHARGE + figure("0.3", note="1"), "per_unit.note must not be given, no such key, got 1"),
        ("minimum_charge = 5", "minimum_charge must be a table, got 5"),
        ("class_groups = [1, 2]", "class_groups must be a table, got [1, 2]"),
        ("schema_version = 2", "schema_version must be 1, got 2"),
        (
            "[account]\ndeficiency_days = " + figure("2.5"),
            "account.deficiency_days.value must be a whole number, got 2.5",
        ),
        (
            "[account]\ndeficiency_days = " + figure("100_000"),
            "account.deficiency_days.value must be 3650 or less, got 100000",
        ),
        (
            SET + "pnl_weight = " + figure("[-1.0]"),
            "pnl_weight.value.0 must be 0 or more, got -1.0",
        ),
        (
            SET + "volatility_scale = " + figure("[-1.0]"),
            "volatility_scale.value.0 must be 0 or more, got -1.0",
        ),
        (
            SET + "volatility_shift = " + figure("[15.0]"),
            "volatility_shift.value.0 must be 2 or less, got 15.0",
        ),
        (
            MOVES + figure("[-0.1, -0.1, -0.1, -0.1, -0.1, 3.0, 6.0, 9.0, 12.0, 15.0]"),
            "moves.equity.value.9 must be 5 or less (fraction), got 15.0",
        ),
        (MOVES + figure("[1e300]"), "moves.equity.value.0 must be 1e+15 or less, got 1e+300"),
        (
            SET + "floors.X = " + figure("[30.0, 30.0]"),
            "regulatory.floors.X.value.0 must be 5 or less, got 30.0",
        ),
        (
            DEVIATIONS + "standard_deviation = " + figure("0.0"),
            "regulatory.standard_deviation.value must be more than 0, got 0.0",
        ),
        (
            DEVIATIONS + "standard_deviation = " + figure("25.0"),
            "regulatory.standard_deviation.value must be 1 or less, got 25.0",
        ),
        (
            SET + "standard_deviation = " + figure("0.02"),
            "regulatory.standard_deviation must not be given unless move_unit is "
            "standard_deviation, got move_unit none",
        ),
        (
            ELIGIBILITY + "outside_product_types = " + figure("['ETN']"),
            "outside_product_types.value.0 must be one of equity, etf, index, etn, adr, got 'ETN'",
        ),
        (
            ELIGIBILITY + "included = " + figure("['spy']"),
            "eligibility.included.value.0 must be a ticker in capitals, got 'spy'",
        ),
        (
            "[stand_alone]\nvxx = " + figure("1.0", product_type="'etn'"),
            "stand_alone.vxx must be a ticker in capitals, got 'vxx'",
        ),
        (
            "[product_groups.growth]\noffset = " + figure("nan"),
            "product_groups.growth.offset.value must be a finite number, got nan",
        ),
        (
            'drop = ["product_groups"]',
            "class_groups.SPX.product_group must not be given without product_groups, "
            "got 'high_cap_broad' (16 in all)",
        ),
        ('drop = ["stand_alone = 1\\nx"]', "drop must name a key of the base, got 'stand_alone"),
        ("x = " + "[" * 50_000, "must be nested less deeply"),
    ],
)
def test_what_is_wrong_is_said_in_our_words(tmp_path: Path, text: str, expected: str) -> None:
    path = overlay(tmp_path, text + "\n")
    problems = problems_of(path)
    assert any(expected in problem for problem in problems), problems
    assert all(problem.startswith(f"rulebook {path}") for problem in problems)
    assert not any("input should" in problem for problem in problems)


def test_groups_of_one_table_are_named_once(tmp_path: Path) -> None:
    assert len(problems_of(overlay(tmp_path, 'drop = ["product_groups"]\n'))) == 1


def test_the_file_that_holds_the_value_is_named(tmp_path: Path) -> None:
    parent = overlay(tmp_path, CHARGE + figure("-1.0") + "\n", "parent.toml")
    child = overlay(tmp_path, "", "child.toml", base="parent.toml")
    expected = (f"rulebook {parent}: minimum_charge.per_unit.value must be 0 or more, got -1.0",)
    assert problems_of(child) == expected


@pytest.mark.parametrize("base", ["gone.toml", "a\\u0000b"])
def test_a_base_that_is_not_there_is_named_with_file_and_key(tmp_path: Path, base: str) -> None:
    path = overlay(tmp_path, "", base=base)
    (problem,) = problems_of(path)
    assert problem.startswith(f"rulebook {path}: base must be one of coarse-grid, ")
    assert "or a readable TOML file, got " in problem


def test_tables_that_do_not_fit_the_base_name_both_files(tmp_path: Path) -> None:
    text = f"[class_groups.SPX.members]\nDIA = {figure('1.0', product_type=repr('etf'))}\n"
    path = overlay(tmp_path, text)
    (problem,) = problems_of(path)
    assert problem.startswith(f"rulebook {path} with riskarray:finra-4210g: class_groups.DJX.")
