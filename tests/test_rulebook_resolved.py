# SPDX-License-Identifier: Apache-2.0
"""`riskarray rulebook show --resolved`: a rulebook after inheritance, each line with its file."""

import datetime as dt
from pathlib import Path

import pytest
from typer.testing import CliRunner

from riskarray.cli import app
from riskarray.rulebook import list_rulebooks, load_rulebook
from riskarray.rulebook_file import rulebook_text
from riskarray.rulebook_publication import differences
from riskarray.rulebook_resolved import resolved_text
from riskarray.toml_text import toml_value
from rulebook_files import figure, write_rulebook


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """A file on a file on `finra-4210g`."""
    middle = 'base = "finra-4210g"\nid = "middle"\n[minimum_charge]\nper_unit = '
    write_rulebook(tmp_path, f"{middle}{figure('0.5', '2026-01-01')}\n", "middle.toml")
    top = 'base = "middle.toml"\nid = "top"\ntitle = "Top \\u007f \U0001f600"\n'
    offset = f"[product_groups.growth]\noffset = {figure('0.5', '2030-01-01')}\n"
    floor = f'[scenario_sets.regulatory.floors]\n"BRK.B" = {figure("[0.3, 0.3]", "2030-01-01")}\n'
    return write_rulebook(tmp_path, top + offset + floor, "top.toml")


def line_of(text: str, key: str) -> str:
    """The line of the last part of a key, below the header of the rest."""
    table, _, name = key.rpartition(".")
    below = text.partition(f"[{table}]\n")[2]
    return next(line for line in below.splitlines() if line.startswith(f"{name} = "))


def test_each_line_names_its_file(chain: Path) -> None:
    text = resolved_text(chain, dt.date(2026, 7, 10))
    middle = chain.parent / "middle.toml"
    assert line_of(text, "minimum_charge.per_unit").endswith(f"  # {middle}")
    assert "value = 0.5" in line_of(text, "minimum_charge.per_unit")
    assert line_of(text, "minimum_charge.is_long_capped").endswith("  # riskarray:finra-4210g")
    growth = line_of(text, "product_groups.growth.offset")
    assert "value = 0.75" in growth
    assert growth.endswith("# riskarray:finra-4210g")
    floors = text.partition("[scenario_sets.regulatory.floors]\n")[2].splitlines()[0]
    assert floors.startswith('"BRK.B" = { value = [0.3, 0.3]')
    assert floors.endswith(f"  # {chain}; not in force before 2030-01-01")
    later = resolved_text(chain, dt.date(2030, 1, 1))
    assert line_of(later, "product_groups.growth.offset").endswith(f"  # {chain}")


@pytest.mark.parametrize("day", [None, dt.date(2007, 2, 23), dt.date(2026, 7, 10)])
def test_what_is_printed_is_the_same_rulebook(
    chain: Path, tmp_path: Path, day: dt.date | None
) -> None:
    names: list[str | Path] = [*list_rulebooks(), chain]
    for name in names:
        copy = write_rulebook(tmp_path, resolved_text(name, day), "copy.toml")
        whole, again = load_rulebook(name, as_of=day), load_rulebook(copy)
        assert list(differences(whole, again)) == []
        assert (again.id, again.title) == (whole.id, whole.title)
        assert again.file.sources == whole.file.sources
        assert again.file.base is None


def test_the_command_prints_it(chain: Path) -> None:
    def show(*args: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["rulebook", "show", *args])
        return result.exit_code, result.output

    assert show("house-example") == (0, rulebook_text("house-example"))
    assert show("house-example", "--resolved") == (0, resolved_text("house-example", None))
    day = dt.date(2026, 7, 10)
    assert show(str(chain), "--as-of", "2026-07-10") == (0, resolved_text(chain, day))
    assert show("house-example", "--as-of", "soon")[0] == 2


def test_values_that_toml_lacks_are_refused() -> None:
    assert toml_value({"a b": [1, 0.5, True, "x"], "c": dt.date(2026, 7, 1)}) == (
        '{ "a b" = [1, 0.5, true, "x"], c = 2026-07-01 }'
    )
    with pytest.raises(TypeError, match="toml_value: value must be one that TOML has, got None"):
        toml_value(None)
