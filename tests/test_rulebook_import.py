# SPDX-License-Identifier: Apache-2.0
"""The OCC's tables as CSV become a rulebook: any order of columns, no cell taken on trust."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from riskarray.cli import app
from riskarray.cli_rulebook import check_written
from riskarray.eligibility import is_outside
from riskarray.rulebook import RulebookError, load_rulebook
from riskarray.rulebook_from_occ import rulebook_toml
from riskarray.rulebook_import import read_occ
from rulebook_files import figure, overlay

TABLES = {
    "products": """Class Group,Symbol,Description,Multiple
101,SPX,S&P 500 index,
101,SPY,SPDR S&P 500,1
101,UPRO,"3x, long",3
102,DJX,,
103,NDX,,
104,XLE,Energy,
104,ERX,Energy 2x,2
105,ACME,A plain share,
106,VIX,,
""",
    "classes": """PRODUCT_GROUP, Class-Group ,Basket ID,Name
1,101,B1,"S&P ""500"" index"
1,102,,Dow
2,103,,Nasdaq
3,104,,Energy
,105,,Acme
,106,,Volatility
""",
    "product_groups": """Account Type,Product Group,Up Move,Down Move,Offset %,Portfolio Group
Customer,1,6,-8,90,A
Broker,1,10,-10,90,A
customer,2,10%,-10%,75,A
Market-Maker,2,10,-10,80,
customer,3,20,-20,50,
""",
    "portfolio_groups": "Offset Percent,Portfolio Group\n50,A\n",
}


def write(folder: Path, **changed: str) -> list[Path]:
    paths = []
    for name, text in {**TABLES, **changed}.items():
        if text:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8-sig")
            paths.append(folder / f"{name}.csv")
    return paths


def run(folder: Path, *more: str) -> tuple[int, str]:
    out = ["--out", str(folder / "occ.toml"), "--effective", "2026-07-01", *more]
    arguments = ["rulebook", "import-occ", *map(str, write(folder)), *out]
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_the_tables_become_a_rulebook(tmp_path: Path) -> None:
    code, output = run(tmp_path)
    assert code == 0, output
    assert "9 products, 6 class groups, 3 product groups, 1 portfolio groups" in output
    rules = load_rulebook(tmp_path / "occ.toml")
    assert rules.id == "occ"
    for symbol, group, leverage, kind in [
        ("SPX", "101", 1.0, "index"),
        ("SPY", "101", 1.0, "etf"),
        ("UPRO", "101", 3.0, "etf"),
        ("ERX", "104", 2.0, "etf"),
    ]:
        known = rules.underlyings[symbol]
        assert (known.class_group, known.leverage, known.product_type) == (group, leverage, kind)
    assert "ACME" not in rules.underlyings  # what it would be taken for without a row
    assert "QQQ" not in rules.underlyings  # not among the products
    names, types = pa.array(["SPX", "ACME", "QQQ", "VIX"]), pa.array(["etf"] * 4)
    assert is_outside(names, types, rules).tolist() == [False, False, True, False]
    assert rules.portfolio_type_of("101") == "high_cap_index"
    assert rules.portfolio_type_of("103") == "non_high_cap_index"
    assert rules.portfolio_type_of("106") == "volatility_index"
    assert rules.product_groups["1"].offset == 0.9
    assert rules.product_groups["2"].portfolio_group == "A"
    assert rules.product_groups["3"].portfolio_group is None
    assert dict(rules.portfolio_groups) == {"A": 0.5}
    new = rules.portfolio_type_of("104")
    assert new == "down_20_up_20"
    steps = [-0.2, -0.16, -0.12, -0.08, -0.04, 0.04, 0.08, 0.12, 0.16, 0.2]
    assert rules.market_moves(new).tolist() == pytest.approx(steps)
    figure = rules.file.product_groups["1"].offset
    assert (figure.effective, figure.mark) == (dt.date(2026, 7, 1), "secondary")
    assert "product_groups.csv" in figure.source


def test_the_order_of_columns_and_files_does_not_matter(tmp_path: Path) -> None:
    turned = {}
    for name, text in TABLES.items():
        if '"' not in text:
            rows = [line.split(",")[::-1] for line in text.splitlines()]
            turned[name] = "\n".join(",".join(row) for row in rows) + "\n"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = read_occ(write(tmp_path / "a"))
    assert read_occ(write(tmp_path / "b", **turned)[::-1]) == plain


def test_the_rows_of_a_kind_of_account_are_taken(tmp_path: Path) -> None:
    groups = "product group,account type,up,down,offset\n1,broker,10,-10,90\n1,customer,6,-8,90\n"
    classes = "class group,product group\n101,1\n"
    products = "symbol,class group\nSPX,101\n"
    changed = {"product_groups": groups, "classes": classes, "products": products}
    paths = write(tmp_path, **changed, portfolio_groups="")
    assert read_occ(paths, account_type="broker").product_groups["1"].up == 0.1
    assert read_occ(paths).product_groups["1"].up == 0.06


def test_a_base_can_be_a_file(tmp_path: Path) -> None:
    types = load_rulebook("finra-4210g").portfolio_types
    moves = "".join(f"{name} = {figure('[-0.3, 0.3]')}\n" for name in types)
    wide = f'[scenario_sets.wide]\ntitle = "Wide"\n[scenario_sets.wide.moves]\n{moves}'
    base = overlay(tmp_path, wide, "our.toml")
    code, output = run(tmp_path, "--base", str(base), "--id", "ours-occ")
    assert code == 0, output
    rules = load_rulebook(tmp_path / "occ.toml")
    assert rules.market_moves("down_20_up_20")[-2:].tolist() == [-0.3, 0.3]
    assert 'base = "our.toml"' in (tmp_path / "occ.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"product_groups": TABLES["product_groups"].replace(",90,A", ",190,A")},
            "product_groups.csv row 1, column offset: must be a number from 0 to 100, got '190'",
        ),
        (
            {"product_groups": TABLES["product_groups"].replace("6,-8", "6,8")},
            "row 1, column down_move: must be a number from -100 to 0, got '8'",
        ),
        (
            {"product_groups": TABLES["product_groups"].replace("Broker", "Friend")},
            "column account_type: must be one of customer, broker, market_maker, got 'Friend'",
        ),
        (
            {"products": TABLES["products"].replace("101,SPY", "101,SPX")},
            "products.csv row 2, column symbol: must be unique, got 'SPX'",
        ),
        (
            {"products": TABLES["products"].replace("104,XLE", "999,XLE")},
            "product XLE: must stand in a class group of the file, got '999'",
        ),
        (
            {"products": TABLES["products"].replace(",3\n", ",three\n")},
            "row 3, column leverage: must be a number from -10 to 10, got 'three'",
        ),
        (
            {"classes": TABLES["classes"].replace("2,103", "9,103")},
            "class group 103: must stand in a product group of the file, got '9'",
        ),
        (
            {"product_groups": TABLES["product_groups"].replace(",90,A", ",0.9,A")},
            "column offset: must be in per cent, 90 and not 0.9 (with a % sign if 1 or less)",
        ),
        (
            {"product_groups": TABLES["product_groups"].replace("6,-8", "0.06,-8")},
            "row 1, column up_move: must be in per cent, 90 and not 0.9",
        ),
        (
            {"product_groups": TABLES["product_groups"].replace(",90,A", ",9_0,A")},
            "row 1, column offset: must be a number from 0 to 100, got '9_0'",
        ),
        (
            {"product_groups": TABLES["product_groups"].replace("6,-8", "\u0666,-8")},
            "row 1, column up_move: must be a number from 0 to 500, got '\u0666'",
        ),
        (
            {"products": TABLES["products"].replace("101,SPY", "101,spx")},
            "row 2, column symbol: must be unique, SPX stands before it, got 'spx'",
        ),
        (
            {"products": TABLES["products"].replace("101,SPY", "101,spy")},
            "row 2, column symbol: must be a ticker in capitals, got 'spy'",
        ),
        ({"portfolio_groups": ""}, "no file of portfolio groups was given, got 'A'"),
        ({"products": "a,b\n1,2\n"}, "must have the columns of one table"),
        ({"portfolio_groups": TABLES["classes"]}, "must be the only file of class groups"),
        ({"classes": TABLES["classes"] + "1\n"}, "classes.csv row 7: must have 4 cells, got 1"),
        ({"products": "Symbol,Ticker,class group\nX,X,1\n"}, "must have each column once"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changed: dict[str, str], expected: str) -> None:
    with pytest.raises(RulebookError) as caught:
        read_occ(write(tmp_path, **changed))
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems


def test_nothing_is_written_when_something_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(TABLES["products"], encoding="utf-8")
    out = tmp_path / "occ.toml"
    arguments = ["rulebook", "import-occ", str(tmp_path / "x.csv"), "--out", str(out)]
    result = CliRunner().invoke(app, [*arguments, "--effective", "2026-07-01"])
    assert result.exit_code == 1
    assert not out.exists()
    assert CliRunner().invoke(app, [*arguments, "--effective", "soon"]).exit_code == 2


def test_a_small_move_is_taken_with_a_per_cent_sign(tmp_path: Path) -> None:
    groups = TABLES["product_groups"].replace("6,-8", "0.5%,-1 %")
    group = read_occ(write(tmp_path, product_groups=groups)).product_groups["1"]
    assert (group.down, group.up) == (-0.01, 0.005)


def test_members_keep_the_portfolio_type_that_the_base_knows_them_by(tmp_path: Path) -> None:
    """A volatility index moves like any other equity in the tables, and wider in house sets."""
    paths = write(
        tmp_path,
        products="symbol,class group\nVIX,1\nXLE,2\nVIXY,3\n",
        classes="class group,product group\n1,7\n2,7\n3,8\n",
        product_groups="product group,offset,down,up\n7,0,-15,15\n8,0,-30,60\n",
        portfolio_groups="",
    )
    out = tmp_path / "occ.toml"
    more = ["--base", "house-example", "--effective", "2026-07-01", "--out", str(out)]
    result = CliRunner().invoke(app, ["rulebook", "import-occ", *map(str, paths), *more])
    assert result.exit_code == 0, result.output
    rules, base = load_rulebook(out), load_rulebook("house-example")
    assert rules.portfolio_type_of("1") == "volatility_index"
    assert rules.portfolio_type_of("2") == "equity"
    new = "down_30_up_60_volatility_index"
    assert rules.portfolio_type_of("3") == new
    wide = next(s for s in base.scenario_sets if s.name == "wide")
    of_base = base.market_moves("volatility_index")
    assert rules.market_moves(new)[wide.begin :].tolist() == of_base[wide.begin :].tolist()
    assert rules.market_moves(new)[:10].tolist() == pytest.approx(
        [-0.3, -0.24, -0.18, -0.12, -0.06, 0.12, 0.24, 0.36, 0.48, 0.6]
    )
    assert rules.strategy_class("index", new) == "volatility_index"


def test_moves_take_the_points_of_the_base(tmp_path: Path) -> None:
    code, output = run(tmp_path, "--base", "coarse-grid")
    assert code == 0, output
    rules = load_rulebook(tmp_path / "occ.toml")
    moves = rules.market_moves(rules.portfolio_type_of("101") or "")
    expected = [-0.08, -0.08 * 2 / 3, -0.08 / 3, 0.0, 0.02, 0.04, 0.06]
    assert moves.tolist() == pytest.approx(expected)


def test_a_base_whose_points_have_no_ends_is_refused(tmp_path: Path) -> None:
    moves = figure("[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]")
    text = f"[scenario_sets.coarse.moves]\nequity = {moves}\n"
    base = overlay(tmp_path, text, "our.toml", base="coarse-grid")
    tables, day = read_occ(write(tmp_path)), dt.date(2026, 7, 1)
    words = r"our.toml: scenario_sets.coarse.moves.equity must be fractions down and up"
    with pytest.raises(RulebookError, match=words):
        rulebook_toml(tables, load_rulebook(base), base_name="x", rulebook_id="x", effective=day)


def test_what_is_wrong_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    assert run(tmp_path, "--id", "A B")[0] == 2
    partial, out = tmp_path / ".occ.toml.partial", tmp_path / "occ.toml"
    partial.write_text('base = "finra-4210g"\nid = "occ"\ntitle = ""\n', encoding="utf-8")
    with pytest.raises(RulebookError) as caught:
        check_written(partial, out)
    assert caught.value.problems == (f"rulebook {out}: title must not be blank, got ''",)
