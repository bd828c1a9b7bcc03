"""American series without cash dividends for tests: random terms, and values by keyword."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from riskarray import kernels
from riskarray.array_types import F64, AnyArray
from riskarray.backends import BackendName

__all__ = ["Series", "american_value", "european_value", "random_series"]

_NONE = np.zeros(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Terms of n series, each on its own underlying."""

    right: F64
    strike: F64
    volatility: F64
    rate: F64
    dividend_yield: F64
    time_to_expiry: F64

    def with_terms(self, **terms: F64) -> "Series":
        """Return the same series with other terms."""
        return replace(self, **terms)

    def rows(self, rows: AnyArray | slice) -> "Series":
        """Return some of the series."""
        return Series(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def _value(kernel: Any, spot: F64, series: Series, options: dict[str, Any]) -> F64:
    n = spot.shape[0]
    value: F64 = kernel(
        np.ascontiguousarray(spot),
        np.arange(n, dtype=np.int32),
        series.right.astype(np.int8),
        *(
            np.ascontiguousarray(np.broadcast_to(getattr(series, field.name), (n,)))
            for field in fields(Series)[1:]
        ),
        np.zeros(n + 1, dtype=np.int64),
        _NONE,
        _NONE,
        **options,
    )
    return value


def american_value(
    spot: F64, series: Series, *, backend: BackendName | None = None, threads: int = 1
) -> F64:
    """American values at spots (n, s)."""
    return _value(kernels.american_value, spot, series, {"backend": backend, "threads": threads})


def european_value(spot: F64, series: Series, *, backend: BackendName | None = None) -> F64:
    """European values at spots (n, s)."""
    return _value(kernels.european_value, spot, series, {"backend": backend, "threads": 1})


def random_series(n: int, seed: int) -> tuple[F64, Series]:
    """Eleven spots within 15 % of 100, and series like those of cases/american_value.csv."""
    rng = np.random.default_rng(seed)
    spot = 100.0 * np.linspace(0.85, 1.15, 11) * np.ones((n, 1))
    series = Series(
        right=rng.choice([-1.0, 1.0], n),
        strike=np.exp(rng.uniform(np.log(40), np.log(250), n)),
        volatility=np.exp(rng.uniform(np.log(0.05), np.log(3), n)),
        rate=rng.uniform(-0.01, 0.08, n),
        dividend_yield=rng.uniform(0, 0.12, n) * rng.integers(0, 2, n),
        time_to_expiry=np.exp(rng.uniform(np.log(1 / 365), np.log(2.5), n)),
    )
    return spot, series
