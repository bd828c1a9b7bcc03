# SPDX-License-Identifier: Apache-2.0
"""An account's status in words: which equity is judged by which requirement, and what is called."""

from collections.abc import Iterator
from typing import Final, cast

from riskarray.report.account_status import HOUSE, MAINTENANCE, REGULATORY
from riskarray.report.explanation_steps import ExplanationSteps
from riskarray.report.terminal import money

__all__ = ["status_lines"]

_AGAINST: Final = {
    REGULATORY: "the equity does not cover the regulatory requirement",
    HOUSE: "the equity covers the regulatory requirement, and not what the house asks beyond it",
    MAINTENANCE: "the margin equity does not cover the strategy-based maintenance",
}
_COUNTED: Final = " (cash + long - short market value, long options only if they have a loan value)"


def status_lines(explanation: ExplanationSteps) -> Iterator[str]:
    """Yield what the account lacks, and what it would take to hold it under other rules.

    Parameters
    ----------
    explanation : ExplanationSteps
        Any.
    """
    amounts = explanation.amounts

    def shown(name: str) -> str:
        return money(cast("float", amounts[name]))

    if amounts["house_part"]:
        yield (
            f"of that the regulatory requirement is {shown('regulatory_requirement')}, what the "
            f"house asks beyond it {shown('house_part')}"
        )
    kind = amounts["account_type"]
    excess = f"excess = equity {shown('equity')} - {shown('requirement')} = {shown('excess')}"
    if kind == "portfolio":
        yield excess
    else:
        yield f"{excess}; an account of type {kind} is not judged by it, but by"
        yield (
            f"reg_t_excess = margin equity {shown('margin_equity')} - maintenance "
            f"{shown('maintenance')} = {shown('reg_t_excess')}"
        )
    why = _AGAINST.get(str(amounts["deficiency_against"]))
    yield f"status: {amounts['status']}" + (f" ({why})" if why else "")
    if amounts["minimum_equity"]:
        of_what = "" if kind == "portfolio" else _COUNTED
        yield f"an account of type {kind} must hold {shown('minimum_equity')}{of_what}"
    yield from _calls(explanation)
    deposit = shown("reg_t_deposit")
    answer = "yes" if amounts["can_hold_in_reg_t"] else f"only with {deposit} more"
    question = "held under the strategy-based rules"
    if kind == "cash":
        question = "kept as the cash account that it is"
    yield f"could it be {question}? {answer}"


def _calls(explanation: ExplanationSteps) -> Iterator[str]:
    """Yield the calls: how much is lacking to what, and when each is due."""
    amounts = explanation.amounts
    deficiency = cast("float", amounts["deficiency"])
    regulatory = cast("float", amounts["regulatory_deficiency"])
    shortfall = cast("float", amounts["equity_shortfall"])
    required = "requirement" if amounts["account_type"] == "portfolio" else "maintenance"
    if deficiency:
        part = f", {money(regulatory)} of it to the regulatory one" if amounts["house_part"] else ""
        part = part if required == "requirement" else ""
        yield f"lacks {money(deficiency)} to the {required}{part}"
    if shortfall:
        yield f"lacks {money(shortfall)} to the equity that it must hold"
    for name in ("regulatory", "house"):
        due = amounts[f"{name}_call_due"]
        if due is not None:
            yield f"{name} call: due on {due}"
