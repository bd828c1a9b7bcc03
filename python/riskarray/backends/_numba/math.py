"""exp, log and the normal distribution; the twin of cpp/src/isa/math.hpp, one lane wide."""

import math

from riskarray.backends._numba.jit import jit

__all__ = ["norm_cdf", "norm_cdf_coarse", "norm_pdf", "tail_ratio"]

_INV_SQRT_2PI = 0.398942280401432677940


@jit
def norm_pdf(x: float) -> float:
    """Density of the normal distribution."""
    return _INV_SQRT_2PI * math.exp(-0.5 * x * x)


@jit
def tail_ratio(z: float) -> tuple[float, float]:
    """Top and bottom of ``norm_cdf(-z) / exp(-z^2 / 2)`` for 0 <= z <= 38.

    Hart et al. (1968), no. 5666, as given by West (2005).
    """
    z2 = z * z
    z4 = z2 * z2
    top = (
        (220.206867912376 + z * 221.213596169931)
        + z2 * (112.079291497871 + z * 33.912866078383)
        + z4 * ((6.37396220353165 + z * 0.700383064443688) + z2 * 3.52624965998911e-02)
    )
    bottom = (
        (440.413735824752 + z * 793.826512519948)
        + z2 * (637.333633378831 + z * 296.564248779674)
        + z4
        * (
            (86.7807322029461 + z * 16.064177579207)
            + z2 * (1.75566716318264 + z * 8.83883476483184e-02)
        )
    )
    return top, bottom


@jit
def norm_cdf(x: float) -> float:
    """Normal distribution function, absolute error below 5e-16."""
    z = min(abs(x), 38.0)
    top, bottom = tail_ratio(z)
    tail = math.exp(-0.5 * z * z) * top / bottom
    return 1.0 - tail if x > 0.0 else tail


_COARSE = (
    0.00013096376710697714,
    -0.0003113640890074321,
    9.02870990955402e-05,
    -8.875308781959782e-05,
    0.0011783038555350767,
    -0.002263262182389508,
    0.0028613621198374595,
    -0.004468687660785217,
    0.007341637385972007,
    -0.010574539418778518,
    0.014132013538762506,
    -0.018170388829314682,
    0.022399386525477797,
    -0.02664041642508502,
    0.03109136418701308,
    -0.03638741113318206,
    0.04406396140750547,
    -0.05889965055364717,
    0.11784852680772001,
)


@jit
def norm_cdf_coarse(x: float) -> float:
    """Absolute error below 1e-9 (the tails end at 6), without exp and division."""
    z = min(max(x, -6.0), 6.0)
    t = z * z * (1.0 / 18.0) - 1.0
    y = _COARSE[0]
    for k in range(1, len(_COARSE)):
        y = y * t + _COARSE[k]
    return 0.5 + z * y
