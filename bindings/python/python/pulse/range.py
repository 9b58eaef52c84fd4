"""What a search found: a range of candidates."""

from __future__ import annotations

import base64
import contextlib
import html
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from . import _pulse
from .pictures import Floats, PictureLike, mask, picture
from .progress import shares

if TYPE_CHECKING:
    import pandas
    import PIL.Image

#: What candidates can be sorted by.
ORDERS: tuple[str, ...] = tuple(_pulse.names()[1])


class Candidate:
    """One sharp picture that shrinks to the given one. `numpy.asarray` of it is its picture."""

    def __init__(self, native: _pulse.Candidate, of: _pulse.Found | None, place: int) -> None:
        self._native, self._of, self._place = native, of, place
        self._image: Floats | None = None

    @property
    def number(self) -> int:
        """Its number within the run, from 1, as in the names of files."""
        return self._native.index + 1

    @property
    def image(self) -> Floats:
        """The picture: ``float32`` H x W x C, in [0, 1]."""
        if self._image is None:
            self._image = self._native.image
        return self._image

    @property
    def shrunk(self) -> Floats:
        """What it shrinks to: ``float32`` h x w x C, in [0, 1]."""
        return self._native.shrunk

    @property
    def db(self) -> float:
        """How well the two small pictures agree, in dB: ``-10 log10`` of their mean squared error."""
        return self._native.db

    @property
    def searched_db(self) -> float:
        """The same before the picture was moved to the nearest one that is consistent exactly."""
        return self._native.searched_db

    @property
    def moved(self) -> float:
        """How far it was moved for that: a root mean square, of a value range of 1."""
        return self._native.moved

    @property
    def outcome(self) -> str:
        """``"reached"``, ``"missed"`` (all steps taken, and not within epsilon) or ``"stopped"``."""
        return self._native.outcome

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return self._native.steps

    @property
    def restarts(self) -> int:
        """How often it was started again from fresh inputs."""
        return self._native.restarts

    @property
    def verdict(self) -> str | None:
        """``"known"``, ``"stretched"`` or ``"unknown"`` to the generator; nothing where it is not known how its own pictures are.

        It is measured for all candidates together when it is asked for first, which may take seconds.
        """
        return None if self._of is None else self._of.verdict(self._place)

    @property
    def scores(self) -> dict[str, float | None]:
        """What it can be sorted by, as `ORDERS` names it; ``bent`` is what the verdict comes from. Measured as `verdict` is."""
        return {} if self._of is None else self._of.scores(self._place)

    @property
    def inputs(self) -> dict[str, Floats]:
        """The generator's inputs that make the picture, by name, without the batch."""
        return {} if self._of is None else self._of.inputs(self._place)

    @property
    def pil(self) -> PIL.Image.Image:
        """The picture as a PIL image of 8 bits, with the metadata that says that it is synthetic."""
        import PIL.Image

        return PIL.Image.open(io.BytesIO(self._repr_png_()))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture as a PNG file."""
        Path(path).write_bytes(self._repr_png_())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.image, dtype=dtype)

    def _repr_png_(self) -> bytes:
        name, seed = ("unknown", None) if self._of is None else (self._of.generator.name, self._of.seed)
        return _pulse.encode_png(self.image, name, seed)

    def __repr__(self) -> str:
        height, width, channels = self.image.shape
        return f"<pulse.Candidate {self.number}: {width}x{height}x{channels}, {self.db:.1f} dB, {self.outcome}>"


class Range(Sequence[Candidate]):
    """The candidates that a search found, in an order.

    What a person should know of the picture is in `notes`. Spread and certainty are measured when they are first asked for. So are
    scores and the verdict, for which pictures of the generator's own are searched for where they are not known: that takes longer
    than the search, once for each measurement.
    """

    def __init__(
        self,
        found: _pulse.Found,
        notes: Sequence[str] = (),
        order: Sequence[int] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._found = found
        self._order = list(order) if order is not None else list(range(len(found)))
        self._by: str | None = None
        self.notes = list(notes)
        self.folder = folder

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> list[Candidate]: ...
    def __getitem__(self, index: int | slice) -> Candidate | list[Candidate]:
        """Take a candidate, or several."""
        if isinstance(index, slice):
            return [self._candidate(place) for place in self._order[index]]
        return self._candidate(self._order[index])

    def __iter__(self) -> Iterator[Candidate]:
        return (self._candidate(place) for place in self._order)

    def _candidate(self, place: int) -> Candidate:
        return Candidate(self._found.candidate(place), self._found, place)

    @property
    def images(self) -> Floats:
        """The pictures of all candidates: N x H x W x C, in [0, 1]."""
        return np.stack([candidate.image for candidate in self])

    @property
    def target(self) -> Floats:
        """The small picture that was searched for: h x w x C, in [0, 1]."""
        return self._found.target

    @property
    def measurement(self) -> str:
        """The measurement, as text."""
        return self._found.measurement

    @property
    def projected(self) -> bool:
        """Whether pictures were moved to the nearest ones that are consistent exactly; not so for what is not linear."""
        return self._found.projected

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self._found.seconds

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before all was found; `more` goes on."""
        return self._found.stopped

    @property
    def verdict(self) -> str | None:
        """The verdict on all candidates together."""
        return self._found.verdict()

    @property
    def mean(self) -> Floats:
        """The mean of the candidates: H x W x C, in [0, 1]. It is blurred where they differ, and itself no candidate."""
        return self.certainty().mean if len(self._found) > 1 else self[0].image

    @property
    def spread(self) -> dict[str, float | None] | None:
        """How far apart candidates are: root mean squares of their detail, ``mean``, ``least``, ``greatest``, and ``random``.

        ``random`` is the mean between random pictures of the generator. Nothing for a single candidate.
        """
        spread = self._found.spread()
        return None if spread is None else dict(zip(("mean", "least", "greatest", "random"), spread, strict=True))

    def certainty(self) -> _pulse.Certainty:
        """Measure what the candidates agree on.

        It has ``mean``, ``deviation`` and ``half_widths`` of 90% intervals, value by value, H x W x C; the share ``agreed`` of the
        detail; and ``overlay()``, the map that reports have.

        Raises
        ------
        PulseError
            Kind ``"picture"`` for a single candidate.
        """
        return self._found.certainty()

    def sort(self, by: str = "number") -> Range:
        """Give the same candidates in another order; candidates keep their numbers.

        Parameters
        ----------
        by
            One of `pulse.ORDERS`: ``"number"``, ``"consistency"``, ``"plausibility"``, ``"sharpness"``, ``"distinctness"``,
            ``"discriminator"``, ``"verdict"``. What has no such score comes last.
        """
        sorted_ = Range(self._found, self.notes, self._found.sorted(by), self.folder)
        sorted_._by = by
        return sorted_

    def to_dataframe(self) -> pandas.DataFrame:
        """Give the figures of all candidates as a pandas table, a row each, by number."""
        import pandas

        rows = [
            {
                "number": candidate.number,
                "outcome": candidate.outcome,
                "db": candidate.db,
                "searched_db": candidate.searched_db,
                "moved": candidate.moved,
                "steps": candidate.steps,
                "restarts": candidate.restarts,
                "verdict": candidate.verdict,
                **{key: value for key, value in candidate.scores.items() if key != "consistency"},
            }
            for candidate in self
        ]
        return pandas.DataFrame(rows).set_index("number")

    def save(self, folder: str | os.PathLike[str], replace: bool = False) -> Path:
        """Write the folder of the run: pictures, sheet, report, inputs, and ``run.json`` last.

        Parameters
        ----------
        folder
            A folder that does not exist, or is empty.
        replace
            Whether a finished run that is there is replaced.

        Raises
        ------
        PulseError
            Kind ``"io"`` when the folder cannot be made or is not empty, ``"full"`` when the disk is, ``"busy"`` when another
            process is at work there.
        """
        folder = Path(folder)
        if self.folder is not None and not replace and not folder.exists():
            shutil.copytree(self.folder, folder)
        else:
            self._found.save(folder, replace, self._by)
        return folder

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report of the run alone: one page that any browser opens, offline."""
        path = Path(path)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "run"
            self._found.save(folder, False, self._by)
            path.write_bytes((folder / "report.html").read_bytes())
        return path

    def show(self) -> Path:
        """Open the report of the run in a browser; gives the file, which is temporary."""
        import webbrowser

        page = self.report(Path(tempfile.mkdtemp(prefix="pulse-")) / "report.html")
        webbrowser.open(page.as_uri())
        return page

    def more(self, n: int, progress: bool = False, callback: Callable[[_pulse.Event], Any] | None = None) -> Range:
        """Look for ``n`` more candidates, those that a search for as many in all would have found; go on with what was stopped.

        Raises
        ------
        PulseError
            Kind ``"setting"`` for candidates that were steered or spread, which are of one number.
        """
        from .searching import finished

        return finished(self._found.more(n), self.notes, progress, callback)

    def search_again(
        self,
        candidate: int | None = None,
        keep: PictureLike | None = None,
        toward: PictureLike | None = None,
        part: PictureLike | None = None,
        like: int | None = None,
        amount: float | None = None,
        candidates: int | None = None,
        seed: int | None = None,
        vary: PictureLike | None = None,
        spread: bool | None = None,
        progress: bool = False,
        callback: Callable[[_pulse.Event], Any] | None = None,
    ) -> Range:
        """Search again from what was found, and steer.

        Parameters
        ----------
        candidate
            The place in this range of the candidate of which ``keep`` stays, or from which the search starts.
        keep, vary
            The mask of what stays: white, or 1, in the frame of the generator's pictures; or that of what does not. Give one of
            them, and ``candidate``.
        toward
            A picture that candidates are drawn to, in the same frame.
        part
            The mask of the part of ``toward`` that counts; all of it by default.
        like
            The place of the candidate in whose neighbourhood the search starts.
        amount
            How far from that one, from 0 to 1.
        candidates, seed
            How many candidates, and the seed: this search's own, with the next seed, by default.
        spread
            Whether candidates are pushed apart: as in this search by default, but for ``like``.
        progress, callback
            As in `pulse.search`.

        Raises
        ------
        PulseError
            Kind ``"setting"`` for a candidate that did not reach the small picture, of which nothing can stay; ``"picture"`` for
            masks and pictures that do not fit.
        """
        from .errors import of
        from .searching import finished

        if keep is not None and vary is not None:
            raise of("setting", "keep and vary: one is the other's opposite; give one")
        if (keep is not None or vary is not None) and candidate is None:
            raise of("setting", "keep and vary say what stays of a candidate: name the candidate")
        masks = [None if given is None else picture(mask(given)) for given in (keep, vary, part)]
        session = self._found.search_again(
            self._place(candidate),
            masks[0],
            masks[1],
            None if toward is None else picture(toward),
            masks[2],
            self._place(like),
            amount,
            candidates,
            seed,
            spread,
        )
        return finished(session, self.notes, progress, callback)

    def directions(
        self, i: int, n: int | None = None, frames: int | None = None, progress: bool = False
    ) -> list[list[_pulse.Frame]]:
        """Find the directions in which a candidate can change most while it shrinks to the same small picture.

        Parameters
        ----------
        i
            The candidate's place in this range.
        n
            How many directions.
        frames
            How many pictures along each, an odd number: the candidate is in the middle.
        progress
            Whether to show a bar.

        Returns
        -------
        list of list of Frame
            For each direction its pictures, with ``image``, ``shrunk``, ``db``, ``length`` and ``change``.
        """
        with shares(progress, "directions") as told:
            return self._found.directions(self._order[i], n, frames, told)

    def path(self, i: int, j: int, frames: int | None = None, progress: bool = False) -> list[_pulse.Frame]:
        """Walk from one candidate to another; every picture on the way shrinks to the same small picture."""
        with shares(progress, "path") as told:
            return self._found.path(self._order[i], self._order[j], frames, told)

    def _place(self, index: int | None) -> int | None:
        return None if index is None else self._order[index]

    def _repr_html_(self) -> str:
        cards = [picture_html(candidate._repr_png_(), caption(candidate)) for candidate in self]
        cards.insert(0, picture_html(self._png(self.target), "given"))
        if len(self._found) > 1:
            with contextlib.suppress(Exception):
                overlay = self.certainty().overlay()
                cards.append(picture_html(self._png(overlay), "where they differ"))
        return f'<div style="display:flex;flex-wrap:wrap;gap:8px">{"".join(cards)}</div><p>{html.escape(repr(self)[1:-1])}</p>'

    def _png(self, values: Floats) -> bytes:
        return _pulse.encode_png(values, self._found.generator.name, self._found.seed)

    def __repr__(self) -> str:
        reached = sum(candidate.outcome == "reached" for candidate in self)
        stopped = ", stopped" if self.stopped else ""
        return f"<pulse.Range of {len(self)} candidates, {reached} reached{stopped}, {self.measurement}>"


def caption(candidate: Candidate) -> str:
    """What stands below a candidate's picture."""
    return f"{candidate.number}: {candidate.db:.1f} dB"


def picture_html(png: bytes, text: str) -> str:
    """A picture with words below it."""
    data = base64.b64encode(png).decode()
    shown = f'<img style="width:128px;image-rendering:pixelated;display:block" src="data:image/png;base64,{data}">'
    return f'<figure style="margin:0">{shown}<figcaption>{html.escape(text)}</figcaption></figure>'
