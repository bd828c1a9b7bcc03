"""The steps of an explanation lead to what the kernel computes, whatever the rulebook decides."""

import itertools

import numpy as np
import pytest

from riskarray import kernels
from riskarray.array_types import F64
from riskarray.backends import BackendName
from riskarray.report.trace import PortfolioTrace, Switches, trace_portfolio

SWITCHES = [
    Switches(is_own_worst=own, is_minimum_per_class=per_class, is_residual_discounted=discounted)
    for own, per_class, discounted in itertools.product((False, True), repeat=3)
]
CLASS_PRODUCT = np.array([0, 0, 0, 1, 1, 2], np.int32)
PRODUCT_OFFSET = np.array([0.9, 0.75, 0.0])
PORTFOLIO_OFFSET = 0.5


def kernel_requirement(
    pnl: F64, minimum: F64, switches: Switches, backend: BackendName
) -> kernels.PortfolioRequirement:
    """One account with one unit of an instrument in each class group of a portfolio group."""
    n_classes = len(pnl)
    rows = np.arange(n_classes, dtype=np.int32)
    return kernels.portfolio_requirement(
        np.array([0, n_classes]),
        rows,
        np.arange(n_classes + 1, dtype=np.int64),
        rows,
        np.ones(n_classes),
        pnl,
        minimum,
        minimum,
        CLASS_PRODUCT,
        PRODUCT_OFFSET,
        np.zeros(3, np.int32),
        np.array([PORTFOLIO_OFFSET]),
        np.array([0, pnl.shape[1]], np.int32),
        is_own_worst=switches.is_own_worst,
        is_minimum_per_class=switches.is_minimum_per_class,
        is_residual_discounted=switches.is_residual_discounted,
        backend=backend,
    )


def traced(pnl: F64, minimum: F64, switches: Switches) -> PortfolioTrace:
    return trace_portfolio(
        pnl, minimum, CLASS_PRODUCT, PRODUCT_OFFSET, PORTFOLIO_OFFSET, switches=switches
    )


@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize("seed", range(25))
def test_trace_equals_the_kernel(switches: Switches, seed: int, backend: BackendName) -> None:
    rng = np.random.default_rng(seed)
    pnl = rng.normal(0.0, 1000.0, (6, 10)).round(2)
    minimum = rng.choice([0.0, 37.5, 900.0], 6)
    expected = kernel_requirement(pnl, minimum, switches, backend)
    trace = traced(pnl, minimum, switches)
    assert trace.requirement == pytest.approx(expected.account_requirement[0], abs=1e-8)
    assert trace.minimum.sum() == pytest.approx(expected.account_minimum[0], abs=1e-8)
    assert trace.loss.sum() == pytest.approx(expected.account_loss[0], abs=1e-8)
    most = int(trace.charge.argmax())
    if switches.is_own_worst or switches.is_minimum_per_class or trace.is_minimum.all():
        assert expected.account_group[0] == most
    point = -1 if trace.is_minimum[most] else trace.point[most]
    assert expected.account_point[0] == point


@pytest.mark.parametrize("switches", SWITCHES)
def test_what_the_offsets_leave_adds_up_to_the_loss_of_the_portfolio_group(
    switches: Switches,
) -> None:
    pnl = np.random.default_rng(3).normal(0.0, 1000.0, (6, 10))
    trace = traced(pnl, np.zeros(6), switches)
    np.testing.assert_allclose(trace.left.sum(axis=0), np.maximum(-trace.net, 0.0), atol=1e-9)
    assert (trace.left <= np.maximum(-pnl, 0.0) + 1e-9).all()


def test_gains_offset_at_the_product_groups_percentage() -> None:
    pnl = np.zeros((6, 1))
    pnl[0], pnl[1] = -100.0, 60.0
    trace = traced(pnl, np.zeros(6), SWITCHES[0])
    assert trace.requirement == pytest.approx(100.0 - 0.9 * 60.0)
    assert trace.left[0, 0] == pytest.approx(46.0)


def test_a_residual_gain_is_discounted_again_unless_the_rulebook_says_otherwise() -> None:
    pnl = np.zeros((6, 1))
    pnl[0], pnl[3] = 100.0, -80.0
    once = Switches(is_own_worst=False, is_minimum_per_class=False, is_residual_discounted=False)
    twice = Switches(is_own_worst=False, is_minimum_per_class=False, is_residual_discounted=True)
    assert traced(pnl, np.zeros(6), once).requirement == pytest.approx(0.0)
    assert traced(pnl, np.zeros(6), twice).requirement == pytest.approx(80.0 - 0.5 * 0.9 * 100.0)


def test_each_class_group_is_charged_its_minimum_where_that_is_more() -> None:
    pnl = np.zeros((6, 2))
    pnl[5] = [-10.0, 20.0]
    trace = traced(pnl, np.full(6, 37.5), SWITCHES[-1])
    assert trace.requirement == pytest.approx(6 * 37.5)
    assert trace.is_minimum.all()
