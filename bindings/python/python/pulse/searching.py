"""Searches: at one go, or step by step."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, overload

from . import _pulse
from .generator import Generator, rows
from .measurement import Measurement
from .pictures import Colour, PictureLike, array, batch, is_tensor, picture
from .progress import steps as shown
from .range import Candidate, Range

if TYPE_CHECKING:
    import torch
    from typing_extensions import Unpack


class SearchSettings(TypedDict, total=False):
    """The settings of a search. What is left out is what the library does by default; ``pulse upsample --help`` has the numbers."""

    #: How many candidates to find.
    candidates: int
    #: The same seed gives the same pictures.
    seed: int
    #: ``"default"``, or ``"paper"``: the search of Menon et al. 2020.
    preset: str
    #: The most steps for one candidate; levels of noise for a denoiser.
    steps: int
    #: How many starts are drawn for each candidate; the nearest is searched.
    starts: int
    #: ``"descent"``, or ``"null-space"`` for denoisers.
    sampler: str
    #: Deterministic steps from noise to picture, for a denoiser that is descended.
    unroll: int
    #: The class of the pictures, of a generator with classes.
    class_: int
    #: Good enough: the mean squared error of small pictures in [0, 1].
    epsilon: float
    #: The same in dB.
    target_db: float
    #: The standard deviation of the small picture's noise, in [0, 1]: candidates come as near as that and no nearer.
    sigma: float
    #: Whether candidates are to be as different as they can be.
    spread: bool
    #: ``"adam"`` and others, as ``pulse upsample --help`` names them.
    optimizer: str
    #: The learning rate of the latent.
    learning_rate: float
    #: How it changes.
    schedule: str
    #: What is minimised: ``"100*L2+0.05*GEOCROSS"``.
    loss: str
    #: The most candidates at the same time; it changes no picture of a native generator.
    batch: int
    #: Whether pictures are moved to the nearest ones that are consistent exactly.
    project: bool
    #: Whether a candidate is finished as soon as it is near enough.
    early_stop: bool
    #: Blocks that are taken for pixels: ``"auto"``, ``"off"``, or ``"SIZE+X+Y"``.
    mosaic: str
    #: Whether the frame of the generator's pictures is looked for: ``"auto"``, ``"always"``, ``"off"``.
    place: str
    #: Left, top, width and height of the part that is taken, in pixels.
    crop: tuple[int, int, int, int]
    #: Width and height to shrink the picture to first, for demonstrations.
    pixelate: tuple[int, int]
    #: What shows through where the picture is transparent: red, green, blue, of 255. Without it, a small picture is unknown there.
    background: Colour


Callback = Callable[[_pulse.Event], Any]
GeneratorLike = Generator | str | os.PathLike[str] | None
MeasurementLike = Measurement | str | None


def opened(generator: GeneratorLike) -> Generator:
    """Open a generator where it is not open."""
    return generator if isinstance(generator, Generator) else Generator.open(generator)


def session(
    given: _pulse.Picture,
    generator: Generator,
    measurement: MeasurementLike,
    init: Mapping[str, object] | None,
    settings: SearchSettings,
) -> _pulse.Session:
    """Begin a search."""
    text = measurement if isinstance(measurement, str) else None
    own = measurement._native if isinstance(measurement, Measurement) else None
    how = _pulse.Settings(measurement=text, **settings)
    return _pulse.Session(generator._native, given, how, own, None if init is None else rows(init))


def finished(under_way: _pulse.Session, notes: list[str], progress: bool, callback: Callback | None) -> Range:
    """Take all steps. What ends the search before gets what was found until then."""
    with shown(progress, callback) as told:
        try:
            under_way.run(told, callback is not None)
        except BaseException as error:
            with contextlib.suppress(Exception):
                error.found = Range(under_way.finish(), notes)  # type: ignore[attr-defined]
            raise
    return Range(under_way.finish(), notes)


@overload
def search(  # type: ignore[overload-overlap]
    picture: torch.Tensor,
    generator: GeneratorLike = ...,
    *,
    measurement: MeasurementLike = ...,
    init: Mapping[str, object] | None = ...,
    progress: bool = ...,
    callback: Callback | None = ...,
    **settings: Unpack[SearchSettings],
) -> list[Range]: ...
@overload
def search(  # type: ignore[overload-cannot-match]  # without torch, a tensor is anything
    picture: PictureLike,
    generator: GeneratorLike = ...,
    *,
    measurement: MeasurementLike = ...,
    init: Mapping[str, object] | None = ...,
    progress: bool = ...,
    callback: Callback | None = ...,
    **settings: Unpack[SearchSettings],
) -> Range: ...
def search(
    picture: PictureLike,
    generator: GeneratorLike = None,
    *,
    measurement: MeasurementLike = None,
    init: Mapping[str, object] | None = None,
    progress: bool = False,
    callback: Callback | None = None,
    **settings: Unpack[SearchSettings],
) -> Range | list[Range]:
    """Find sharp pictures that all shrink to a small one.

    Other Python threads run meanwhile. Ctrl-C ends the search at its next step.

    Parameters
    ----------
    picture
        The small picture: a path, a PIL image, or an array H x W or H x W x C (``uint8``, or floats in [0, 1]). Of a torch tensor
        B x C x H x W in [0, 1] each picture is searched for.
    generator
        What makes the sharp pictures: a `Generator`, or what `Generator.open` takes: the name of an embedded one or of a model, or
        the path of a checkpoint. The library's default where it is left out.
    measurement
        What made the picture small: a `Measurement`, or its text, such as ``"gaussian:1.5,bicubic"``.
    init
        Inputs to start from, one row a candidate, by name.
    progress
        Whether to show a bar, by tqdm.
    callback
        Is called with each `Event`. It ends the search by giving ``False``; an exception ends it, too, and comes back as itself.
    **settings
        As `SearchSettings` names them.

    Returns
    -------
    Range
        The candidates. For a tensor, a list of one `Range` for each of its pictures.

    Raises
    ------
    PulseError
        See its kinds. It and every other exception that ends the search, `KeyboardInterrupt` too, has what was found until then as
        ``found``.
    """
    own = opened(generator)
    background = settings.get("background")
    if is_tensor(picture):
        given = [array(values, f"tensor {number}") for number, values in enumerate(batch(picture))]
    else:
        given = [read(picture, background)]
    ranges = []
    for one in given:
        under_way = session(one, own, measurement, init, settings)
        ranges.append(finished(under_way, under_way.notes, progress, callback))
    return ranges if is_tensor(picture) else ranges[0]


read = picture


def searching(
    picture: PictureLike,
    generator: GeneratorLike = None,
    *,
    measurement: MeasurementLike = None,
    init: Mapping[str, object] | None = None,
    **settings: Unpack[SearchSettings],
) -> Searching:
    """Search step by step: ``for event in pulse.searching(...)``.

    The arguments are those of `search`. Leave the loop when you have seen enough; ``range`` is what was found by then.
    """
    given = read(picture, settings.get("background"))
    return Searching(session(given, opened(generator), measurement, init, settings))


class Searching(Iterator[_pulse.Event]):
    """A search under way, which goes on while its events are asked for."""

    def __init__(self, under_way: _pulse.Session) -> None:
        self._session = under_way
        self._notes = under_way.notes
        self._events: deque[_pulse.Event] = deque()
        self._range: Range | None = None

    def __next__(self) -> _pulse.Event:
        while not self._events:
            if self._range is not None or self._session.is_done:
                raise StopIteration
            self._events.extend(self._session.step())
        return self._events.popleft()

    @property
    def so_far(self) -> list[Candidate]:
        """Every candidate as it would be if the search were ended here, without scores."""
        if self._range is not None:
            return list(self._range)
        return [Candidate(candidate, None, place) for place, candidate in enumerate(self._session.so_far())]

    @property
    def range(self) -> Range:
        """What was found. A search that is under way ends here; `Range.more` goes on with it."""
        if self._range is None:
            self._range = Range(self._session.finish(), self._notes)
        return self._range


def open(
    folder: str | os.PathLike[str],
    generator: GeneratorLike = None,
    measurement: Measurement | None = None,
) -> Range:
    """Open the folder of a run: of `Range.save`, or of ``pulse upsample``.

    Parameters
    ----------
    folder
        The folder with its ``run.json``.
    generator
        What made it, where that is neither embedded nor in the folder of models.
    measurement
        Its measurement, where that is one of your own.

    Raises
    ------
    PulseError
        Kind ``"io"`` when there is no finished run, ``"run"`` when it is damaged, ``"generator"`` when another generator made it.
    """
    native = None if generator is None else opened(generator)._native
    found = _pulse.open_run(folder, native, None if measurement is None else measurement._native)
    return Range(found, folder=Path(folder))


def upsample(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    generator: GeneratorLike = None,
    *,
    measurement: str | None = None,
    **settings: Unpack[SearchSettings],
) -> dict[str, Any]:
    """Search for a picture and leave the folder of its run, unless that is finished already.

    It keeps to the protocol of ``pulse upsample``: processes that share folders search for each picture once, and a search that was
    stopped or killed is taken up again.

    Parameters
    ----------
    path
        The file of the small picture.
    folder
        The folder of its run.
    generator, measurement, **settings
        As in `search`.

    Returns
    -------
    dict
        ``path``, ``folder``, ``status`` (``"searched"`` or ``"finished"`` before), ``candidates``, ``reached``, ``best_db``,
        ``worst_db``, ``verdict``, ``seconds``.

    Raises
    ------
    PulseError
        Kind ``"busy"`` when another process is at work on it, ``"io"`` when the folder holds something else.
    """
    how = _pulse.Settings(measurement=measurement, **settings)
    return _pulse.upsample(opened(generator)._native, path, folder, how)
