"""All the sharp pictures that a small picture could have been.

>>> import pulse
>>> found = pulse.search("small.png", candidates=8)
>>> found[0].image.shape, found[0].db

`search` finds a `Range` of `Candidate`; a `Generator` makes sharp pictures of numbers, a `Measurement` small ones of those.
Faces that it finds are of people who do not exist: it cannot tell you who was in a picture.
"""

from __future__ import annotations

from ._pulse import Certainty, Event, Frame, set_threads, threads
from .errors import PulseError
from .generator import EMBEDDED, Generator
from .measurement import Measurement
from .range import ORDERS, Candidate, Range
from .searching import Searching, SearchSettings, open, search, searching, upsample

__version__ = "0.1.0"

__all__ = [
    "EMBEDDED",
    "ORDERS",
    "Candidate",
    "Certainty",
    "Event",
    "Frame",
    "Generator",
    "Measurement",
    "PulseError",
    "Range",
    "SearchSettings",
    "Searching",
    "open",
    "search",
    "searching",
    "set_threads",
    "threads",
    "upsample",
]
