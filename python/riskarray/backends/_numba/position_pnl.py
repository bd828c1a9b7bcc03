"""P&L of positions; the twin of cpp/src/position_pnl.cpp."""

from riskarray.array_types import F64, I32
from riskarray.backends._numba.jit import for_blocks, jit

__all__ = ["position_pnl"]


@jit
def scale_rows(instrument: I32, quantity: F64, pnl: F64, out: F64) -> None:
    """Fill ``out[k, j] = quantity[k] * pnl[instrument[k], j]``."""
    for k in range(instrument.shape[0]):
        for j in range(pnl.shape[1]):
            out[k, j] = quantity[k] * pnl[instrument[k], j]


def position_pnl(instrument: I32, quantity: F64, pnl: F64, position_pnl: F64, threads: int) -> None:
    """See `riskarray.kernels.position_pnl`."""

    def work(begin: int, end: int) -> None:
        part = slice(begin, end)
        scale_rows(instrument[part], quantity[part], pnl, position_pnl[part])

    for_blocks(instrument.shape[0], 65536, threads, work)
