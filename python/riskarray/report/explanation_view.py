# SPDX-License-Identifier: Apache-2.0
"""Shows an explanation: one numbered section per step, words first, then the figures."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, cast

from rich.columns import Columns
from rich.console import RenderableType
from rich.padding import Padding

from riskarray.report.explanation_status import status_lines
from riskarray.report.explanation_steps import (
    ClassStep,
    ExplanationSteps,
    OffsetStep,
    PortfolioStep,
)
from riskarray.report.terminal import money, table, text

__all__ = ["sections"]

_MINIMUM: Final = "minimum"
_STRATEGY_COLUMNS: Final = {
    "underlying": "left",
    "strategy": "left",
    "legs": "left",
    "initial": "right",
    "maintenance": "right",
    "option_value": "right",
}

_ADD_ON_COLUMNS: Final = {
    "add-on": "left",
    "of": "left",
    "exposure": "right",
    "measure": "right",
    "rate": "right",
    "amount": "right",
}


def sections(explanation: ExplanationSteps) -> Iterator[RenderableType]:
    """Yield everything that an explanation shows, in order."""
    yield text(f"Account {explanation.account} of {explanation.book}", "bold")
    yield text(f"as of {explanation.as_of}, by {explanation.rulebook}")
    steps: tuple[tuple[str, Callable[[ExplanationSteps], Iterator[RenderableType]]], ...] = (
        ("Positions and equity", _equity),
        ("Class groups: gains and losses at each valuation point", _class_groups),
        ("Offsets between class groups", _offsets),
        ("Portfolio margin", _requirement),
        ("Each position's share", _shares),
        ("The strategy-based rules beside it", _strategies),
        ("Figures of the rulebook and their sources", _figures),
    )
    number = 0
    for title, step in steps:
        content = list(step(explanation))
        if content:
            number += 1
            yield text("")
            yield text(f"{number}. {title}", "bold")
            for part in content:
                yield Padding(part, (0, 0, 0, 3), expand=False)


def _amount(explanation: ExplanationSteps, name: str) -> float:
    return float(cast("float", explanation.amounts[name]))


def _shown(explanation: ExplanationSteps, name: str) -> str:
    return money(_amount(explanation, name))


def _quantity(value: float) -> str:
    return f"{value:+,.10g}"


def _per_cent(value: float) -> str:
    return f"{100.0 * value:.6g}%"


def _equity(explanation: ExplanationSteps) -> Iterator[RenderableType]:
    """Yield the positions at market value, and both bases of equity."""
    columns = {
        "symbol": "left",
        "class group": "left",
        "quantity": "right",
        "price": "right",
        "market value": "right",
        "volatility": "right",
        "source": "left",
    }
    if explanation.positions:
        yield table(
            columns,
            (
                (
                    p.symbol,
                    p.class_group + (f" ({p.leverage:+g}x)" if p.leverage != 1.0 else ""),
                    _quantity(p.quantity),
                    f"{p.price:,.4f}",
                    money(p.market_value),
                    "" if p.volatility is None else _per_cent(p.volatility),
                    p.volatility_source,
                )
                for p in explanation.positions
            ),
        )
    cash, long, short = (
        _shown(explanation, name) for name in ("cash", "long_market_value", "short_market_value")
    )
    equity, margin_equity = (_shown(explanation, name) for name in ("equity", "margin_equity"))
    stock = money(_amount(explanation, "margin_equity") - _amount(explanation, "cash"))
    yield text(f"equity = cash {cash} + long {long} - short {short} = {equity} (net liquidation)")
    yield text(
        f"margin equity = cash {cash} + stock {stock} = {margin_equity} (strategy-based rules)"
    )


def _class_groups(explanation: ExplanationSteps) -> Iterator[RenderableType]:
    """Yield one table per class group: its P&L at each point, and the loss that offsets leave."""
    columns = {"point": "left", "move": "right", "P&L": "right", "loss left": "right", "": "left"}
    tables = [
        table(
            columns,
            _point_rows(explanation.points, step),
            title=f"{step.class_group} ({step.portfolio_type})",
        )
        for group in explanation.portfolio_groups
        for step in group.class_groups
    ]
    if tables:
        yield Columns(tables, padding=(1, 4))
    for group in explanation.portfolio_groups:
        for step in group.class_groups:
            for reason in step.reasons:
                yield text(f"{step.class_group}: {reason.words} ({reason.figure})")


def _point_rows(points: tuple[str, ...], step: ClassStep) -> Iterator[tuple[str, ...]]:
    charged = step.labels.index(step.point) if step.loss > 0.0 else -1
    rows = zip(points, step.labels, step.pnl, step.left, strict=True)
    for k, (point, label, pnl, left) in enumerate(rows):
        mark = "<- charged" if k == charged else ""
        yield point, label, money(pnl), money(left), mark


def _offsets(explanation: ExplanationSteps) -> Iterator[RenderableType]:
    """Yield one table per group in which gains offset losses; words only where there is none."""
    steps = [step for group in explanation.portfolio_groups for step in group.offsets]
    if not steps and explanation.portfolio_groups:
        yield text("Nothing offsets: each class group held stands alone in its portfolio group.")
    for step in steps:
        yield text(_offset_words(step))
        yield table(
            {"point": "left", "losses": "right", "gains": "right", "left": "right"},
            (
                (point, money(-loss), money(gain), money(net))
                for point, loss, gain, net in zip(
                    explanation.points, step.loss, step.gain, step.net, strict=True
                )
            ),
        )


def _offset_words(step: OffsetStep) -> str:
    return (
        f"{step.level} {step.name} ({', '.join(step.members)}): losses count in full, gains at "
        f"{_per_cent(step.offset)}"
    )


def _requirement(explanation: ExplanationSteps) -> Iterator[RenderableType]:
    """Yield what each class group is charged, and the sum."""
    columns = {
        "portfolio group": "left",
        "class group": "left",
        "worst point": "right",
        "loss": "right",
        "minimum charge": "right",
        "binds": "left",
        "charge": "right",
    }
    if explanation.portfolio_groups:
        for rule in dict.fromkeys(group.rule for group in explanation.portfolio_groups):
            yield text(f"Each portfolio group is charged {rule}.")
        yield table(columns, _charge_rows(explanation.portfolio_groups))
    outside = _amount(explanation, "strategy_requirement")
    if outside:
        yield text(f"products outside portfolio margin, by strategy-based rules: {money(outside)}")
    if explanation.add_ons:
        yield text(f"house add-ons: {_shown(explanation, 'add_ons')}")
        yield table(_ADD_ON_COLUMNS, (_add_on_cells(row) for row in explanation.add_ons))
    requirement = _shown(explanation, "requirement")
    if len(explanation.scenario_sets) > 1:
        yield text("The greatest of the scenario sets counts:")
        yield table(
            {"scenario set": "left", "": "left", "requires": "right"},
            ((s.name, s.title, money(s.requirement)) for s in explanation.scenario_sets),
        )
    yield text(f"requirement = {requirement} (scenario set {explanation.amounts['scenario_set']})")
    yield from map(text, status_lines(explanation))


def _add_on_cells(row: Mapping[str, object]) -> Iterator[str]:
    yield str(row["add_on"])
    yield str(row["symbol"] or row["class_group"] or "")
    yield money(cast("float", row["exposure"]))
    measure, rate = cast("float | None", row["measure"]), cast("float | None", row["rate"])
    yield "" if measure is None else f"{measure:,.4g}"
    yield "" if rate is None else _per_cent(rate)
    yield money(cast("float", row["amount"]))


def _charge_rows(groups: tuple[PortfolioStep, ...]) -> Iterator[tuple[str, ...]]:
    for group in groups:
        for step in group.class_groups:
            binds = "minimum charge" if step.binds == _MINIMUM else f"loss at {step.point}"
            is_charged = step.charge > 0.0
            yield (
                group.name,
                step.class_group,
                step.point if step.loss > 0.0 else "",
                money(step.loss),
                money(step.minimum_charge),
                binds if is_charged else "",
                money(step.charge),
            )


def _shares(explanation: ExplanationSteps) -> Iterator[RenderableType]:
    """Yield each position's part of the loss and of the minimum charge."""
    if not explanation.positions:
        return
    yield text(
        "A position's share is its own loss at its class group's worst point, times what the "
        "offsets leave there; gains are negative shares. Where the minimum charge binds, its part "
        "of that is its part of the requirement."
    )
    rows = [
        (
            *(p.symbol, p.class_group, money(p.pnl_at_point)),
            *(money(p.share), money(p.minimum_charge), money(p.charge)),
        )
        for p in explanation.positions
    ]
    share = sum(p.share for p in explanation.positions)
    minimum = sum(p.minimum_charge for p in explanation.positions)
    charge = sum(p.charge for p in explanation.positions)
    rows.append(("in all", "", "", money(share), money(minimum), money(charge)))
    columns = {
        "symbol": "left",
        "class group": "left",
        "P&L there": "right",
        "share of the risk loss": "right",
        "of the minimum charge": "right",
        "of the requirement": "right",
    }
    yield table(columns, rows)


def _strategies(explanation: ExplanationSteps) -> Iterator[RenderableType]:
    """Yield the strategies, their rules, and the sums on both bases."""
    if explanation.strategies:
        columns = {name.replace("_", " "): side for name, side in _STRATEGY_COLUMNS.items()}
        yield table(columns, (_cells(row) for row in explanation.strategies))
    rules = {str(row["strategy"]): row for row in explanation.strategies}
    for name, row in rules.items():
        yield text(f"{name}: {row['rule']} ({row['source']})")
    for name, net in (("reg_t_initial", "net_deposit"), ("maintenance", "maintenance_net")):
        options = money(_amount(explanation, net) - _amount(explanation, name))
        yield text(
            f"{name} = {_shown(explanation, name)}; with the options' market value {options}, "
            f"{net} = {_shown(explanation, net)}"
        )
    yield text(
        "no permitted pairing needs less than reg_t_initial "
        f"{_shown(explanation, 'reg_t_initial_bound')} and maintenance "
        f"{_shown(explanation, 'maintenance_bound')}"
    )
    yield text(
        f"reg_t_excess = margin equity {_shown(explanation, 'margin_equity')} - maintenance "
        f"{_shown(explanation, 'maintenance')} = {_shown(explanation, 'reg_t_excess')}"
    )


def _cells(row: Mapping[str, object]) -> Iterator[str]:
    for name in _STRATEGY_COLUMNS:
        value = row[name]
        yield money(value) if isinstance(value, float) else str("" if value is None else value)


def _figures(explanation: ExplanationSteps) -> Iterator[RenderableType]:
    """Yield the rulebook's figures with source, date and mark."""
    yield text(
        "Marks: rule = seen in rule text, secondary = seen in a clearing house's or broker's text, "
        "memory = unverified, derived = worked out."
    )
    yield table(
        {"figure": "left", "value": "left", "mark": "left", "effective": "left", "source": "left"},
        (
            (f.key, _figure(f.value), f.mark, str(f.effective), f.source)
            for f in explanation.figures
        ),
    )
    if explanation.sources:
        yield table({"source": "left", "title": "left"}, iter(explanation.sources.items()))


def _figure(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return str(value)
