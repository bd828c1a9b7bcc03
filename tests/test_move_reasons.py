"""Why a scenario set moves a class group as it does: the figures behind it, and that they do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskarray.book import Book
from riskarray.class_groups import class_groups
from riskarray.class_moves import class_moves
from riskarray.report.explanation_steps import MoveStep
from riskarray.report.move_reasons import _Reasons, move_reasons
from riskarray.report.report import margin
from riskarray.rulebook import load_rulebook
from small_books import AS_OF, make_book, parse_legs
from test_house_overlays import market_of

SETS = {s.name: s for s in load_rulebook("house-example").scenario_sets}
Cells = dict[str, float | str]


def book_of(rows: str, legs: str, **risk: Cells) -> Book:
    rules = load_rulebook("house-example")
    parsed = parse_legs(legs)
    return make_book(market_of(rows, parsed, rules, **risk), {"A": parsed}, rules)


def reasons_of(book: Book, set_name: str, group: str) -> tuple[MoveStep, ...]:
    classes = class_groups(book.market.underlyings, book.rulebook)
    row = classes.name.to_pylist().index(group)
    return move_reasons(book, classes, SETS[set_name], row)


def test_a_standard_deviation_is_a_members_or_the_rulebooks() -> None:
    book = book_of("X 100;Y 100;UPRO 80", "1 X", standard_deviation={"X": 0.09, "UPRO": 0.06})
    (own,) = reasons_of(book, "five_deviations", "X")
    assert (own.figure, own.underlying, own.value) == (
        *("underlyings.standard_deviation", "X"),
        0.09,
    )
    assert own.words == "moves count in standard deviations: 9% of X"
    (leveraged,) = reasons_of(book, "five_deviations", "SPX")
    assert leveraged.words.endswith("6% of UPRO at 3x, 2% at 1x")
    (default,) = reasons_of(book, "five_deviations", "Y")
    assert default.figure == "scenario_sets.five_deviations.standard_deviation"
    assert (default.underlying, default.value) == (None, 0.02)


def test_floors_and_earnings_are_named_only_where_they_widen() -> None:
    day = str(AS_OF.date())
    book = book_of(
        "X 100;Y 100;Z 100;GME 20",
        "1 X",
        move_floor={"X": 0.2, "Y": 1.5, "GME": 0.7},
        next_earnings={"Z": day, "X": "2020-01-01"},
    )
    assert reasons_of(book, "wide", "X") == ()  # the set reaches 30 % by itself
    floor, least = reasons_of(book, "wide", "Y")
    assert (floor.figure, floor.value) == ("underlyings.move_floor", 1.5)
    assert floor.words == "moves are stretched to reach 150% of Y"
    assert least.words == "no price falls by more than all of it"
    (earnings,) = reasons_of(book, "wide", "Z")
    assert earnings.words == f"moves are taken 1.5 times, for Z reports on {day}"
    # down the book's 70 % is more than the rulebook's 50, up the rulebook's 100 % is
    assert [step.figure for step in reasons_of(book, "wide", "GME")] == [
        *("underlyings.move_floor", "scenario_sets.wide.floors"),
    ]
    assert reasons_of(book, "regulatory", "Y") == ()


number = st.one_of(st.none(), st.floats(0.0, 2.0))


@given(
    st.lists(
        st.tuples(number, number, st.sampled_from([-1, 0, 5, 6, None])), min_size=4, max_size=4
    )
)
def test_the_reasons_lead_to_the_moves(
    given_by: list[tuple[float | None, float | None, int | None]],
) -> None:
    names = ("X", "GME", "SPY", "SDS")
    columns: dict[str, Cells] = {"standard_deviation": {}, "move_floor": {}, "next_earnings": {}}
    for name, (deviation, floor, days) in zip(names, given_by, strict=True):
        if deviation is not None:
            columns["standard_deviation"][name] = deviation
        if floor is not None:
            columns["move_floor"][name] = floor
        if days is not None:
            columns["next_earnings"][name] = str(AS_OF.date() + np.timedelta64(days, "D").item())
    book = book_of("X 100;GME 20;SPY 500;SDS 30", "1 X", **columns)
    classes = class_groups(book.market.underlyings, book.rulebook)
    moves = class_moves(book.market, classes, book.rulebook).move
    for scenarios in SETS.values():
        for row in range(len(classes)):
            followed = _Reasons(book, classes, scenarios, row)
            if not scenarios.is_plain:
                assert list(followed.steps()) == list(move_reasons(book, classes, scenarios, row))
                followed = _Reasons(book, classes, scenarios, row)
                list(followed.steps())
            expected = moves[row, scenarios.begin : scenarios.end]
            np.testing.assert_allclose(np.maximum(followed.move, -1.0), expected, atol=1e-12)


def test_an_explanation_shows_them_with_the_titles_of_its_sources() -> None:
    report = margin(book_of("X 100", "100 X", standard_deviation={"X": 0.09}), threads=1)
    explanation = report.explain("A")
    assert explanation.amounts["scenario_set"] == "five_deviations"
    text = str(explanation)
    assert "X: moves count in standard deviations: 9% of X (underlyings.standard_deviation)" in text
    assert "Interactive Brokers, margin pages and knowledge base" in text
    assert explanation.sources["IBKR"] in explanation.to_markdown()
    assert "SPAN" not in explanation.sources  # of a set that does not bind
    (step,) = explanation.portfolio_groups[0].class_groups
    assert step.reasons[0].value == pytest.approx(0.09)
    assert '"underlying": "X"' in explanation.to_json()
    plain = report.explain("A").to_dict()
    assert plain["sources"] == dict(explanation.sources)
