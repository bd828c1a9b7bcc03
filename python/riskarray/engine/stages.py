# SPDX-License-Identifier: Apache-2.0
"""The stages of a run: what is going on, how far it is, and how long each took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

__all__ = ["Progress", "Stages"]

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, the work done and the work in all (0: not known)."""


class Stages:
    """The stages of one run in order, each timed and announced.

    Parameters
    ----------
    progress : callable, optional
        Told when a stage begins (0 done) and ends (all done); what the stage itself reports of the
        way between goes straight to it.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside, under a name; a stage entered twice adds up."""
        self._announce(name, 0, 0)
        begin = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - begin
        self._announce(name, 1, 1)

    def _announce(self, name: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(name, done, total)
