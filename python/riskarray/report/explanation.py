# SPDX-License-Identifier: Apache-2.0
"""Every step of one account's requirement, that shows itself as text, tables or JSON."""

from io import StringIO

from rich.console import Console, ConsoleOptions, RenderResult

from riskarray.report.explanation_steps import ExplanationSteps
from riskarray.report.explanation_view import sections
from riskarray.report.markdown import markdown
from riskarray.report.terminal import console

__all__ = ["Explanation"]


class Explanation(ExplanationSteps):
    """Every step of one account's requirement; `ExplanationSteps` lists what it holds.

    Printing it gives plain text; rich renders it as tables; `to_json` gives the figures.
    """

    __slots__ = ()

    def to_markdown(self) -> str:
        """Return the explanation as Markdown."""
        return markdown(sections(self))

    def __str__(self) -> str:
        """Return the explanation as plain text."""
        stream = StringIO()
        console(stream).print(self)
        return stream.getvalue()

    def __repr__(self) -> str:
        """Return the explanation as plain text, for a look at it in a session."""
        return str(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the explanation as text and tables."""
        yield from sections(self)
