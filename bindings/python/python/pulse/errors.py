"""What can go wrong: one exception with a `kind`, which is also the built-in one that fits."""

from __future__ import annotations

from typing import Any


class PulseError(Exception):
    """What failed and why, in one sentence with a way out.

    Attributes
    ----------
    kind : str
        What it is about: ``"io"``, ``"full"``, ``"busy"`` (files and folders; also an `OSError`), ``"picture"``,
        ``"checkpoint"``, ``"generator"``, ``"inputs"``, ``"setting"``, ``"network"`` or ``"run"`` (values; also a
        `ValueError`).
    found : Range or None
        What a search had found when it was ended by this error; also set on any other exception that ends a search,
        `KeyboardInterrupt` among them.
    """

    kind: str
    found: Any

    def __init__(self, message: str, kind: str = "setting") -> None:
        super().__init__(message)
        self.kind = kind
        self.found = None


class PulseFileError(PulseError, OSError):
    """A `PulseError` about files or folders."""

    def __str__(self) -> str:
        return str(self.args[0])


class PulseValueError(PulseError, ValueError):
    """A `PulseError` about a value that was given."""


def of(kind: str, message: str) -> PulseError:
    """Make the error of a kind."""
    error = PulseFileError if kind in ("io", "full", "busy") else PulseValueError
    return error(message, kind)
