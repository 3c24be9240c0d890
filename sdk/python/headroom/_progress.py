"""What a command tells while it works: lines on sys.stderr, and one live line or, in a notebook, one live bar."""
from __future__ import annotations

import html
import sys
from collections.abc import Callable
from typing import Any, Protocol, Union

#: Called as progress(phase, done, total, unit, what, ended); total 0: unknown.
ProgressFunction = Callable[[str, int, int, str, str, bool], object]
Progress = Union[bool, ProgressFunction]


class Teller(Protocol):
    def message(self, text: str) -> None: ...

    def progress(self, phase: str, done: int, total: int, unit: str, what: str, ended: bool) -> None: ...


class Lines:
    """Messages alone."""

    def message(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()

    def progress(self, phase: str, done: int, total: int, unit: str, what: str, ended: bool) -> None:
        pass


class LiveLine(Lines):
    """A line of a terminal that is drawn again below the messages."""

    def message(self, text: str) -> None:
        sys.stderr.write("\r\x1b[K")
        super().message(text)

    def progress(self, phase: str, done: int, total: int, unit: str, what: str, ended: bool) -> None:
        line = "" if ended else line_of(phase, done, total, unit, what)[:79]
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


class NotebookBar(Lines):
    """A bar in the output of a notebook's cell, gone when the work is done."""

    def __init__(self, display: Callable[..., Any], html_type: Callable[[str], Any]) -> None:
        self._html = html_type
        self._handle = display(html_type(""), display_id=True)

    def progress(self, phase: str, done: int, total: int, unit: str, what: str, ended: bool) -> None:
        self._handle.update(self._html("" if ended else bar_of(phase, done, total, unit, what)))


class Told(Lines):
    """Progress for a function of the caller's."""

    def __init__(self, function: ProgressFunction) -> None:
        self._function = function

    def progress(self, phase: str, done: int, total: int, unit: str, what: str, ended: bool) -> None:
        self._function(phase, done, total, unit, what, ended)


def line_of(phase: str, done: int, total: int, unit: str, what: str) -> str:
    count = f"{done}/{total} {unit}" if total else f"{done} {unit}"
    return f"{phase} {count}" + (f" · {what}" if what else "")


def bar_of(phase: str, done: int, total: int, unit: str, what: str) -> str:
    extent = f'value="{done}" max="{total}"' if total else ""
    return f"<progress {extent}></progress> {html.escape(line_of(phase, done, total, unit, what))}"


def teller_of(progress: Progress) -> Teller:
    if callable(progress):
        return Told(progress)
    if not progress:
        return Lines()
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None and getattr(shell, "kernel", None) is not None:
        from IPython.display import HTML, display

        return NotebookBar(display, HTML)
    return LiveLine() if sys.stderr is not None and sys.stderr.isatty() else Lines()
