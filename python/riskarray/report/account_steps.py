# SPDX-License-Identifier: Apache-2.0
"""Collects the steps of one account's requirement from the figures of a run."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskarray import strategy_margin
from riskarray.array_types import F64, I32, I64
from riskarray.engine.local import Margin
from riskarray.market import KIND_OPTION
from riskarray.report.explanation import Explanation
from riskarray.report.explanation_steps import (
    ClassStep,
    FigureStep,
    OffsetStep,
    PortfolioStep,
    PositionStep,
    SetStep,
)
from riskarray.report.figures import figures_used, source_titles
from riskarray.report.move_reasons import move_reasons
from riskarray.report.run_data import RunData
from riskarray.report.trace import PortfolioTrace, Switches, trace_portfolio
from riskarray.rulebook import Rulebook, ScenarioSet

if TYPE_CHECKING:
    from riskarray.class_groups import ClassGroups

__all__ = ["explain_account", "explain_accounts"]

_CENT: Final = 0.01
_RULES: Final = {
    (True, True): "each class group's worst loss, or its minimum charge if that is more",
    (True, False): "the sum of the class groups' worst losses, or of their minimum charges if more",
    (False, True): "at a common point, each class group's loss, or its minimum charge if more",
    (False, False): "the worst loss at a common point, or the sum of the minimum charges if more",
}


def explain_account(result: Margin, accounts: pa.Table, account: str) -> Explanation:
    """Return every step of one account's requirement; see `Report.explain`."""
    row = pc.index(result.book.account, account).as_py()
    if row < 0:
        count = len(result.book.account)
        msg = f"explain: account must be one of the {count} of the report, got {account!r}"
        raise ValueError(msg)
    return _Steps(RunData(result, accounts), row).explanation()


def explain_accounts(result: Margin, accounts: pa.Table) -> Iterator[Explanation]:
    """Yield every step of each account's requirement in turn; see `Report.explanations`."""
    shared = RunData(result, accounts)
    for row in range(len(result.book.account)):
        yield _Steps(shared, row).explanation()


class _Steps:
    """The account's positions and groups, and the steps made of them."""

    def __init__(self, shared: RunData, row: int) -> None:
        result, book = shared.result, shared.result.book
        self.shared = shared
        self.result = result
        self.row = row
        self.amounts: dict[str, Any] = shared.accounts.slice(row, 1).to_pylist()[0]
        self.rulebook: Rulebook = book.rulebook
        self.classes: ClassGroups = result.portfolio.classes
        mine = slice(book.account_offset[row], book.account_offset[row + 1])
        here = np.arange(mine.start, mine.stop, dtype=np.int64)
        underlying = book.market.instruments.underlying[book.instrument[mine]]
        class_row = self.classes.of_underlying[underlying]
        order = np.argsort(class_row, kind="stable")
        self.position: I64 = here[order]
        self.instrument: I32 = book.instrument[mine][order]
        self.quantity: F64 = book.quantity[mine][order]
        self.class_row: I32 = class_row[order]
        is_outside = self.classes.is_outside[self.class_row]
        pnl = self.quantity[:, None] * result.arrays.pnl[self.instrument]
        self.all_pnl: F64 = np.where(is_outside[:, None], 0.0, pnl)
        self.scenario_set = self._binding_set()
        self.pnl: F64 = self._points(self.scenario_set)
        self.price: F64 = shared.price[self.instrument]
        self.value: F64 = self.quantity * shared.value[self.instrument]
        long, short = shared.minimum
        each = np.where(self.quantity > 0, long[self.instrument], short[self.instrument])
        self.minimum: F64 = np.where(is_outside, 0.0, np.abs(self.quantity) * each)

    def _points(self, scenarios: ScenarioSet) -> F64:
        """Return the P&L of the positions at the points of a set."""
        return self.all_pnl[:, scenarios.begin : scenarios.end]

    def _binding_set(self) -> ScenarioSet:
        name = self.amounts["scenario_set"]
        sets = self.rulebook.scenario_sets
        return next((s for s in sets if s.name == name), sets[0])

    def explanation(self) -> Explanation:
        """Put the steps together, and check that they lead to the requirement."""
        book = self.result.book
        groups: list[PortfolioStep] = []
        positions: list[PositionStep] = []
        for rows in self._runs():
            trace, step = self._portfolio(rows)
            groups.append(step)
            positions += self._positions(rows, trace)
        positions += self._positions_outside()
        found = sum(g.requirement for g in groups) + self.amounts["strategy_requirement"]
        found += self.amounts["add_ons"]
        if not abs(found - self.amounts["requirement"]) <= _CENT:
            msg = f"explain: steps must add up to {self.amounts['requirement']}, got {found}"
            raise RuntimeError(msg)
        figures = self._figures(groups, positions)
        return Explanation(
            account=self.amounts["account"],
            book=book.name,
            as_of=book.market.as_of.isoformat(),
            rulebook=f"{self.rulebook.title} ({self.rulebook.id})",
            points=self.rulebook.points[self.scenario_set.begin : self.scenario_set.end],
            amounts=self.amounts,
            positions=tuple(positions),
            portfolio_groups=tuple(groups),
            scenario_sets=tuple(self._sets()),
            switches=dataclasses.asdict(self._switches()),
            add_ons=self._add_ons(),
            strategies=self._strategies(),
            figures=figures,
            sources=source_titles(figures, self.rulebook.file.sources),
        )

    def _figures(
        self, groups: list[PortfolioStep], positions: list[PositionStep]
    ) -> tuple[FigureStep, ...]:
        return figures_used(
            self.shared.figures,
            self.scenario_set.name,
            groups=groups,
            positions=positions,
            strategies=self._strategy_classes(),
            add_ons=[str(row["add_on"]) for row in self._add_ons()],
            account_type=self.amounts["account_type"],
            monitoring=self.shared.monitoring[self.row].as_py(),
        )

    def _runs(self) -> Iterator[I32]:
        """Yield the class groups held of each portfolio group in turn."""
        held: I32 = np.unique(self.class_row)
        held = held[~self.classes.is_outside[held]]
        portfolio = self.classes.product_portfolio[self.classes.class_product[held]]
        for row in dict.fromkeys(portfolio.tolist()):
            yield held[portfolio == row]

    def _switches(self) -> Switches:
        switches = self.rulebook.switches
        return Switches(
            is_own_worst=switches.worst_point.value == "own",
            is_minimum_per_class=switches.minimum_level.value == "class_group",
            is_residual_discounted=switches.residual_gain.value == "discounted",
        )

    def _trace(self, rows: I32, pnl: F64) -> PortfolioTrace:
        """Trace the class groups of one portfolio group at some points."""
        classes = self.classes
        product = classes.class_product[rows]
        return trace_portfolio(
            np.array([pnl[self.class_row == row].sum(axis=0) for row in rows]),
            np.array([self.minimum[self.class_row == row].sum() for row in rows]),
            product,
            classes.product_offset,
            float(classes.portfolio_offset[classes.product_portfolio[product[0]]]),
            switches=self._switches(),
        )

    def _sets(self) -> Iterator[SetStep]:
        """Yield what each scenario set requires by itself."""
        for scenarios in self.rulebook.scenario_sets:
            pnl = self._points(scenarios)
            required = sum(self._trace(rows, pnl).requirement for rows in self._runs())
            yield SetStep(name=scenarios.name, title=scenarios.title, requirement=float(required))

    def _portfolio(self, rows: I32) -> tuple[PortfolioTrace, PortfolioStep]:
        """Trace one portfolio group at the binding set."""
        switches = self._switches()
        trace = self._trace(rows, self.pnl)
        steps = tuple(self._class(row, k, trace) for k, row in enumerate(rows.tolist()))
        step = PortfolioStep(
            name=steps[0].portfolio_group,
            class_groups=steps,
            offsets=tuple(self._offsets(rows, steps, trace)),
            loss=float(trace.loss.sum()),
            minimum_charge=float(trace.minimum.sum()),
            offset=trace.offset,
            requirement=trace.requirement,
            rule=_RULES[switches.is_own_worst, switches.is_minimum_per_class],
        )
        return trace, step

    def _class(self, row: int, k: int, trace: PortfolioTrace) -> ClassStep:
        classes = self.classes
        name = classes.name[row].as_py()
        portfolio_type = classes.portfolio_type[row].as_py()
        product_group = classes.product_group[row].as_py() or name
        labels = self.shared.moves.labels_of(row)[self.scenario_set.begin : self.scenario_set.end]
        return ClassStep(
            class_group=name,
            portfolio_type=portfolio_type,
            product_group=product_group,
            portfolio_group=classes.portfolio_group[row].as_py() or product_group,
            product_offset=float(classes.product_offset[classes.class_product[row]]),
            labels=labels,
            reasons=move_reasons(self.result.book, self.classes, self.scenario_set, row),
            pnl=_amounts(self.pnl[self.class_row == row].sum(axis=0)),
            left=_amounts(trace.left[k]),
            point=labels[trace.point[k]],
            loss=float(trace.loss[k]),
            minimum_charge=float(trace.minimum[k]),
            charge=float(trace.charge[k]),
            binds="minimum" if trace.is_minimum[k] else "point",
        )

    def _offsets(
        self, rows: I32, steps: tuple[ClassStep, ...], trace: PortfolioTrace
    ) -> Iterator[OffsetStep]:
        """Yield the groups in which one member's gains can offset another's losses."""
        names: dict[int, list[ClassStep]] = {}
        for row, step in zip(rows.tolist(), steps, strict=True):
            names.setdefault(int(self.classes.class_product[row]), []).append(step)
        for product in trace.products:
            members = names[product.row]
            if len(members) > 1:
                yield OffsetStep(
                    name=members[0].product_group,
                    level="product group",
                    members=tuple(m.class_group for m in members),
                    offset=product.offset,
                    loss=_amounts(product.loss),
                    gain=_amounts(product.gain),
                    net=_amounts(product.net),
                )
        if len(trace.products) > 1:
            nets = np.array([product.net for product in trace.products])
            yield OffsetStep(
                name=steps[0].portfolio_group,
                level="portfolio group",
                members=tuple(names[p.row][0].product_group for p in trace.products),
                offset=trace.offset,
                loss=_amounts(np.maximum(-nets, 0.0).sum(axis=0)),
                gain=_amounts(np.maximum(nets, 0.0).sum(axis=0)),
                net=_amounts(trace.net),
            )

    def _positions(self, rows: I32, trace: PortfolioTrace) -> Iterator[PositionStep]:
        """Yield the positions of a portfolio group, each with its part of the loss."""
        for k, row in enumerate(rows.tolist()):
            point = int(trace.point[k])
            mine = np.flatnonzero(self.class_row == row)
            loss = -float(self.pnl[mine, point].sum())
            ratio = float(trace.loss[k]) / loss if trace.loss[k] > 0.0 else 0.0
            for position in mine.tolist():
                share = -float(self.pnl[position, point]) * ratio
                is_minimum = bool(trace.is_minimum[k])
                charge = float(self.minimum[position]) if is_minimum else share
                yield self._position(position, point, share, charge)

    def _positions_outside(self) -> Iterator[PositionStep]:
        """Yield the positions outside portfolio margin, each with its part of the charge."""
        rows = np.flatnonzero(self.classes.is_outside[self.class_row])
        charge = self._charges_outside(rows)
        for position in rows.tolist():
            yield self._position(position, 0, 0.0, float(charge[position]))

    def _charges_outside(self, rows: I64) -> F64:
        """Return what each position outside portfolio margin adds to its class group's charge."""
        charge = np.zeros(len(self.quantity))
        if not rows.size:
            return charge
        book = self.result.book
        chosen = np.zeros(len(book.instrument), np.bool_)
        chosen[self.position[rows]] = True
        required = strategy_margin.maintenance_by_position(book, self.result.arrays.base, chosen)
        charge[rows] = required[self.position[rows]]
        for row in np.unique(self.class_row[rows]).tolist():
            mine = self.class_row == row
            if charge[mine].sum() <= 0.0:  # a group never lowers the requirement of the others
                charge[mine] = 0.0
        return charge

    def _position(self, position: int, point: int, share: float, charge: float) -> PositionStep:
        market, arrays = self.result.book.market, self.result.arrays
        i = int(self.instrument[position])
        u = int(market.instruments.underlying[i])
        is_option = market.instruments.kind[i] == KIND_OPTION
        pnl = float(self.pnl[position, point])
        return PositionStep(
            symbol=market.instruments.symbol[i].as_py(),
            underlying=market.underlyings.name[u].as_py(),
            class_group=self.classes.name[self.class_row[position]].as_py(),
            quantity=float(self.quantity[position]),
            price=float(self.price[position]),
            market_value=float(self.value[position]),
            theoretical_value=float(arrays.base[i]),
            volatility=float(arrays.volatility[i]) if is_option else None,
            volatility_source=arrays.volatility_source[i].as_py() if is_option else "",
            leverage=float(market.underlyings.leverage[u]),
            is_outside=bool(self.classes.is_outside[self.class_row[position]]),
            pnl=_amounts(self.pnl[position]),
            pnl_at_point=pnl,
            share=share + 0.0,
            minimum_charge=float(self.minimum[position]),
            charge=charge + 0.0,
        )

    def _add_ons(self) -> tuple[Mapping[str, object], ...]:
        if not self.amounts["add_ons"]:
            return ()
        rows = self.shared.add_ons
        mine = rows.filter(pc.equal(rows["account"], self.amounts["account"]))
        return tuple(mine.drop_columns(["account"]).to_pylist())

    def _strategies(self) -> tuple[Mapping[str, object], ...]:
        return tuple(self.shared.strategies_of(self.row).drop_columns(["account"]).to_pylist())

    def _strategy_classes(self) -> set[tuple[str, str]]:
        """Return each strategy of the account with the strategy class of its underlying."""
        underlyings = self.result.book.market.underlyings
        return {
            (str(row["strategy"]), underlyings.strategy_class[at].as_py())
            for row in self._strategies()
            for at in [pc.index(underlyings.name, row["underlying"]).as_py()]
        }


def _amounts(values: F64) -> tuple[float, ...]:
    return tuple(values.tolist())
