"""Array types of the package, named once."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["F64", "I8", "I32", "I64", "AnyArray", "Bool"]

F64: TypeAlias = npt.NDArray[np.float64]
I64: TypeAlias = npt.NDArray[np.int64]
I32: TypeAlias = npt.NDArray[np.int32]
I8: TypeAlias = npt.NDArray[np.int8]
Bool: TypeAlias = npt.NDArray[np.bool_]
AnyArray: TypeAlias = npt.NDArray[Any]
