# SPDX-License-Identifier: Apache-2.0
"""Errors as one clear block on the standard error, and the exit code that goes with each."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

__all__ = [
    "BAD_INPUT",
    "DONE",
    "INTERNAL_ERROR",
    "QUARANTINED",
    "WRONG_USAGE",
    "errors_shown",
]

DONE: Final = 0
BAD_INPUT: Final = 1
WRONG_USAGE: Final = 2
QUARANTINED: Final = 3
INTERNAL_ERROR: Final = 70
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141


def _show(heading: str, body: str) -> None:
    lines = (f"  {line}" if line else "" for line in body.splitlines())
    sys.stderr.write("\n".join((f"riskarray: {heading}", *lines)) + "\n")


def _is_usage(error: Exception) -> bool:
    """Whether the command-line library made the error, which then knows how to show it."""
    is_library = type(error).__module__.partition(".")[0] in {"click", "typer"}
    return is_library or isinstance(error, typer.Exit | typer.Abort)


def _exit_code(error: Exception) -> int:
    """Show an error and return its exit code."""
    from riskarray.rulebook import RulebookError  # noqa: PLC0415  # loads the table libraries
    from riskarray.tables import BookError  # noqa: PLC0415

    match error:
        case BookError() | RulebookError():
            _show("bad input, nothing written", str(error))
            return BAD_INPUT
        case OSError():
            _show("a file could not be read or written, nothing kept", str(error))
            return BAD_INPUT
        case MemoryError():
            _show("out of memory, nothing written", "")
            return INTERNAL_ERROR
        case _:
            hint = "set RISKARRAY_DEBUG=1 to see where, and report it with the version"
            _show("internal error, nothing written", f"{type(error).__name__}: {error}\n{hint}")
            return INTERNAL_ERROR


def _close_output() -> None:
    """Send what is left of the standard output nowhere: its reader has gone."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Turn every error inside into one block on the standard error and an exit code.

    ``RISKARRAY_DEBUG=1`` adds the traceback.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _close_output()
        raise typer.Exit(BROKEN_PIPE) from None
    except KeyboardInterrupt:
        _show("interrupted, nothing written", "")
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if _is_usage(error):
            raise
        if os.environ.get("RISKARRAY_DEBUG") == "1":
            traceback.print_exc()
        raise typer.Exit(_exit_code(error)) from None
