"""Progress bars, by tqdm where one is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from . import _pulse


class Bar:
    """A bar over all steps of all candidates."""

    def __init__(self, then: Callable[[_pulse.Event], Any] | None) -> None:
        from tqdm.auto import tqdm

        self._bar = tqdm(unit="step", desc="searching")
        self._then = then
        self._reached: dict[int, int] = {}
        self._steps = 0

    def __call__(self, event: _pulse.Event) -> Any:
        """Show an event, and pass it on."""
        if event.kind == "started":
            self._steps = event.steps or 0
            self._bar.total = (event.candidates or 0) * self._steps
            self._bar.refresh()
        elif event.kind in ("step", "found", "finished") and event.candidate is not None:
            # A candidate may be finished early, and a set that spreads is numbered anew.
            now = (event.step or 0) + 1 if event.kind == "step" else self._steps
            before = self._reached.get(event.candidate, 0)
            if now > before:
                self._reached[event.candidate] = now
                self._bar.update(min(now, self._steps) - min(before, self._steps))
        return None if self._then is None else self._then(event)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


@contextlib.contextmanager
def steps(progress: bool, callback: Callable[[_pulse.Event], Any] | None) -> Iterator[Callable[[_pulse.Event], Any] | None]:
    """Give what a search tells its events."""
    if not progress:
        yield callback
        return
    bar = Bar(callback)
    try:
        yield bar
    finally:
        bar.close()


@contextlib.contextmanager
def shares(progress: bool, what: str) -> Iterator[Callable[[float], Any] | None]:
    """Give what a walk tells the share that is done."""
    if not progress:
        yield None
        return
    from tqdm.auto import tqdm

    with tqdm(total=100, unit="%", desc=what) as bar:
        yield lambda share: bar.update(round(100 * share) - bar.n)
