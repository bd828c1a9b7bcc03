# SPDX-License-Identifier: Apache-2.0
import json
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from riskarray.cli import app
from riskarray.rulebook import RulebookError, load_rulebook
from riskarray.rulebook_file import rulebook_text
from riskarray.rulebook_publication import differences, rulebook_json_schema
from rulebook_files import figure, overlay


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["rulebook", *args])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("name", "portfolio_type", "ends"),
    [  # the facts' table 2.3, in per cent
        ("sec-15c3-1a", "high_cap_index", (-10, 10)),
        ("sec-15c3-1a", "non_high_cap_index", (-15, 15)),
        ("sec-15c3-1a", "equity", (-15, 15)),
        ("sec-15c3-1a", "major_currency", (-6, 6)),
        ("sec-15c3-1a", "other_currency", (-20, 20)),
        ("sec-15c3-1a-market-maker", "high_cap_index", (-8, 6)),
        ("sec-15c3-1a-market-maker", "non_high_cap_index", (-10, 10)),
        ("sec-15c3-1a-market-maker", "equity", (-15, 15)),
        ("sec-15c3-1a-market-maker", "major_currency", (-4.5, 4.5)),
        ("sec-15c3-1a-market-maker", "other_currency", (-20, 20)),
    ],
)
def test_haircut_ranges_have_ten_equal_steps(
    name: str, portfolio_type: str, ends: tuple[float, float]
) -> None:
    rules = load_rulebook(name)
    steps = np.arange(1, 6) / 5.0
    expected = np.concatenate((ends[0] * steps[::-1], ends[1] * steps)) / 100.0
    np.testing.assert_allclose(rules.market_moves(portfolio_type), expected, atol=1e-12)
    assert rules.minimum_charge.per_unit.value == 0.25


def test_the_coarse_grid_has_no_other_points() -> None:
    rules = load_rulebook("coarse-grid")
    assert [s.name for s in rules.scenario_sets] == ["coarse"]
    for name in rules.portfolio_types:
        assert rules.point_labels(name) == ("-15%", "-10%", "-5%", "0%", "+5%", "+10%", "+15%")


def test_an_inherited_entry_can_be_dropped(tmp_path: Path) -> None:
    keys = '["class_groups.SPX.members.XSP", "stand_alone", "product_groups.value.portfolio_group"]'
    mine = load_rulebook(overlay(tmp_path, f"drop = {keys}\n"))
    assert "XSP" not in mine.underlyings
    assert "SPY" in mine.underlyings
    assert "VXX" not in mine.underlyings
    assert mine.product_groups["value"].portfolio_group is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('drop = ["class_groups.NONE"]', "drop must name a key of the base, got 'class_groups.N"),
        ('drop = ["id.x"]', "drop must name a key of the base, got 'id.x'"),
        ('drop = ["a b"]', "drop must name a key of the base, got 'a b'"),
        ("drop = 3", "drop must be a list of keys of the base, got 3"),
        ('drop = ["account.deficiency_days"]', "account.deficiency_days must be given"),
        ('drop = ["product_groups.growth"]', "product_group must be one of"),
    ],
)
def test_what_cannot_be_dropped_is_named(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(RulebookError) as caught:
        load_rulebook(overlay(tmp_path, f"{text}\n"))
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems


def test_a_rulebook_without_a_base_drops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alone.toml"
    path.write_text('drop = ["x"]\n' + rulebook_text("finra-4210g"), encoding="utf-8")
    with pytest.raises(RulebookError, match="drop must not be given without a base"):
        load_rulebook(path)


def test_check_lists_defects_of_figures_and_between_tables_at_once(tmp_path: Path) -> None:
    path = overlay(
        tmp_path,
        f"[minimum_charge]\nper_unit = {figure('-1.0')}\n"
        f"[class_groups.SPX]\nproduct_group = {figure(repr('high_cpa'))}\n"
        f"[scenario_sets.regulatory.moves]\nequity = {figure('[-0.1]')}\n",
    )
    code, output = run("check", str(path))
    assert code == 1
    assert output.count(str(path)) == 3
    assert "minimum_charge.per_unit.value must be 0 or more, got -1.0" in output
    assert "class_groups.SPX.product_group must be one of" in output
    assert "got 'high_cpa'" in output
    assert "scenario_sets.regulatory.moves.equity must have 10 points, got 1" in output
    assert "3 defects" in output


def test_check_counts_figures_and_takes_the_version_of_a_day(tmp_path: Path) -> None:
    code, output = run("check", "finra-4210g")
    assert (code, output.startswith("finra-4210g: no defects in")) == (0, True)
    path = str(overlay(tmp_path, f"[minimum_charge]\nper_unit = {figure('0.5', '2027-01-01')}\n"))
    code, output = run("check", path)
    assert (code, "warning" in output) == (0, False)
    code, output = run("check", "house-example", "--as-of", "2026-06-17")
    assert (code, "warning: house-example used on 2026-06-17, before" in output) == (0, True)
    assert run("check", path, "--as-of", "yesterday")[0] == 2


def test_differences_are_what_a_file_changes(tmp_path: Path) -> None:
    base = load_rulebook("finra-4210g")
    path = overlay(
        tmp_path,
        f'drop = ["stand_alone.VXX"]\n[minimum_charge]\nper_unit = {figure("0.5")}\n'
        f"[switches]\ncross_class_offsets = {figure('true')}\n"
        f'[product_groups.energy]\ntitle = "Energy"\noffset = {figure("0.25")}\n',
    )
    words = {d.key: d.words() for d in differences(base, load_rulebook(path))}
    assert set(words) == {
        "minimum_charge.per_unit",
        "switches.cross_class_offsets",
        "stand_alone.VXX",
        "product_groups.energy.offset",
    }
    assert "-> 0.5 [a test; 2020-01-01; memory]" in words["minimum_charge.per_unit"]
    assert words["stand_alone.VXX"].startswith("- stand_alone.VXX = etn +1x")
    assert words["product_groups.energy.offset"].startswith("+ ")
    assert ", now a test; 2020-01-01" in words["switches.cross_class_offsets"]
    assert list(differences(base, base)) == []
    code, output = run("diff", "finra-4210g", str(path))
    assert (code, output.splitlines()[-1]) == (0, "4 differences")


def test_the_schema_that_ships_is_the_one_that_the_command_prints() -> None:
    shipped = resources.files("riskarray") / "rulebooks" / "rulebook.schema.json"
    assert json.loads(shipped.read_text(encoding="utf-8")) == rulebook_json_schema()
    code, output = run("schema")
    assert (code, json.loads(output)) == (0, rulebook_json_schema())


def test_the_schema_knows_every_key_of_the_built_in_rulebook() -> None:
    schema = rulebook_json_schema()
    raw = tomllib.loads(rulebook_text("finra-4210g"))
    assert set(raw) <= set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["id"]
    assert not [name for name in schema["$defs"] if "_" in name]
    per_unit = schema["$defs"]["MinimumChargeTable"]["properties"]["per_unit"]
    assert per_unit["anyOf"][0] == {"$ref": "#/$defs/FigureAmount"}
    assert per_unit["anyOf"][1]["type"] == "array"
    for name, definition in schema["$defs"].items():
        if name.startswith(("Figure", "Member")):
            assert {"value", "source", "effective", "mark"} <= set(definition["required"])
