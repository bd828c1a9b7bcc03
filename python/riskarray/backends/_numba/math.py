"""exp, log and the normal distribution; the twin of cpp/src/isa/math.hpp, one lane wide."""

import math

import numpy as np

from riskarray.backends._numba.jit import jit

__all__ = ["exp_coarse", "norm_cdf", "norm_cdf_coarse", "norm_pdf", "tail_ratio"]

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


_LOG2E = 1.44269504088896340736
_LN2 = 6.93147180559945309417e-01
_ROUNDING_SHIFT = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest integer in the bits


@jit
def exp_coarse(x: float) -> float:
    """Relative error below 6e-11 for x <= 709, 2e-148 below -340; loops with it vectorise."""
    clamped = max(x, -340.0)
    shifted = clamped * _LOG2E + _ROUNDING_SHIFT
    r = clamped - (shifted - _ROUNDING_SHIFT) * _LN2
    r2 = r * r
    low = (0.9999999999595618 + r * 0.999999999995509) + r2 * (
        0.5000000107729166 + r * 0.16666666786308587
    )
    high = (0.041666218319291945 + r * 0.008333283538708528) + r2 * (
        0.0013948578326459795 + r * 0.00019907569310848288
    )
    scale = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
    return (low + (r2 * r2) * high) * scale


@jit
def norm_cdf_coarse(h: float) -> float:
    """Phi(sqrt(2) h), absolute error below 1e-9, its tails end at 4.24; loops with it vectorise."""
    z = min(max(h, -4.242640687119285), 4.242640687119285)
    t = z * z * (1.0 / 9.0) - 1.0
    t2 = t * t
    t4 = t2 * t2
    t8 = t4 * t4
    y0 = (0.1666629849171669 - t * 0.0832966846320038) + t2 * (
        0.06231585183437889 - t * 0.051459570324191815
    )
    y4 = (0.043969828905955036 - t * 0.0376752382156222) + t2 * (
        0.03167751621316786 - t * 0.02569681031600941
    )
    y8 = (0.019985685210158134 - t * 0.014954657061885486) + t2 * (
        0.010382643161266969 - t * 0.006319678695891755
    )
    y12 = (0.004046577116734764 - t * 0.003200736073541372) + t2 * (
        0.0016663732930942137 - t * 0.00012551582049696557
    )
    y16 = (0.00012768524004823657 - t * 0.00044033531751025396) + t2 * 0.0001852107356221585
    return 0.5 + z * ((y0 + t4 * y4) + t8 * ((y8 + t4 * y12) + t8 * y16))
