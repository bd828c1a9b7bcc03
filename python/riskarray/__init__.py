"""Portfolio margin for US options and stocks: risk arrays, offsets and requirements."""

from riskarray.build import build_info

__all__ = ["__version__", "build_info"]

__version__ = "0.1.0"
