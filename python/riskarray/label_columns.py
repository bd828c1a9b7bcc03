# SPDX-License-Identifier: Apache-2.0
"""Text columns of results that repeat a few labels."""

import pyarrow as pa
import pyarrow.compute as pc

from riskarray.array_types import AnyArray

__all__ = ["label_column", "name_column"]


def label_column(row: AnyArray, labels: pa.StringArray) -> pa.DictionaryArray:
    """Return ``labels[row]`` as a dictionary column in which each label stands once.

    Parquet files of a dictionary with repeated values end their dictionary page with whatever is in
    memory there, and would differ from run to run.

    Parameters
    ----------
    row : ndarray of integers, shape (n,)
        Row of `labels` of each element.
    labels : StringArray
        Texts; a text may occur twice.
    """
    unique = pc.unique(labels)
    once = pc.index_in(labels, unique)
    return pa.DictionaryArray.from_arrays(once.take(pa.array(row.astype("int32"))), unique)


def name_column(row: AnyArray, names: pa.StringArray) -> pa.DictionaryArray:
    """Return ``names[row]`` as `label_column` does, for names that occur once each.

    Parameters
    ----------
    row : ndarray of integers, shape (n,)
        Row of `names` of each element.
    names : StringArray
        Texts, no two of them the same: those of all accounts, say.
    """
    return pa.DictionaryArray.from_arrays(pa.array(row.astype("int32", copy=False)), names)
