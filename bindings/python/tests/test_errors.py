"""What goes wrong is a sentence, of a kind."""

import numpy as np
import pytest

import pulse


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((3, 16, 16), np.float32), "its channels come first: move them to the end"),
        (np.zeros((16, 16, 4), np.uint8), "all of it is transparent"),
        (np.zeros((16, 16, 4), np.float32), "it has transparency"),
        (np.zeros((2, 2, 2, 2), np.float32), "no picture"),
        (np.full((4, 4), 2.0), "cannot hold the value 2"),
        (np.full((4, 4), np.nan), "cannot hold the value NaN"),
        (np.zeros((4, 4), np.int64), "a picture of int64 cannot be read: give uint8, or floats in [0, 1]"),
        (np.zeros((0, 4)), "at least one"),
    ],
)
def test_wrong_pictures(faces, picture, words):
    with pytest.raises(pulse.PulseError) as caught:
        pulse.search(picture, faces)
    assert words in str(caught.value)
    assert caught.value.kind == "picture"
    assert isinstance(caught.value, ValueError)


def test_files_that_are_not_there(faces, tmp_path):
    for call in (lambda: pulse.search(tmp_path / "none.png", faces), lambda: pulse.open(tmp_path)):
        with pytest.raises(pulse.PulseError) as caught:
            call()
        assert caught.value.kind == "io"
        assert isinstance(caught.value, OSError)
        assert str(tmp_path) in str(caught.value)
    with pytest.raises(pulse.PulseError, match="neither embedded nor a file") as caught:
        pulse.Generator.open("no-such-generator")
    assert caught.value.kind == "generator"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"candidates": 0}, "0 candidates: ask for 1 to 1000"),
        ({"measurement": "sharpen"}, "sharpen"),
        ({"loss": "L7"}, "cannot read the loss `L7`"),
        ({"preset": "fast"}, "choose default or paper"),
        ({"epsilon": 0.1, "sigma": 0.1}, "give one of them"),
        ({"sigma": 8.0}, "it is noise of pictures in [0, 1]"),
        ({"crop": (0, 0, 99, 99)}, "cannot cut"),
        ({"sampler": "null-space"}, "denoise"),
    ],
)
def test_wrong_settings(faces, small, settings, words):
    with pytest.raises(pulse.PulseError) as caught:
        pulse.search(small, faces, **settings)
    assert words in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_setting_that_is_none(faces, small):
    with pytest.raises(TypeError, match="candidate"):
        pulse.search(small, faces, candidate=3)


def test_a_large_picture_has_a_way_out(faces):
    with pytest.raises(pulse.PulseError, match="shrink it first, or take a part of it with crop="):
        pulse.search(np.random.default_rng(0).random((80, 80, 3)), faces)


def test_an_exception_in_a_callback_comes_back_as_itself(faces, small, few):
    class OwnError(Exception):
        pass

    def callback(event):
        if event.step == 3:
            raise OwnError("enough")

    with pytest.raises(OwnError, match="enough") as caught:
        pulse.search(small, faces, callback=callback, **few)
    assert len(caught.value.found) == 2
    assert caught.value.found.stopped


def test_a_session_that_is_asked_from_its_own_events_does_not_hang(faces, small, few):
    from pulse import _pulse
    from pulse.searching import session

    under_way = session(_pulse.Picture.array("small", small), faces, None, None, few)
    with pytest.raises(pulse.PulseError, match="under way") as caught:
        under_way.run(lambda event: under_way.so_far())
    assert caught.value.kind == "busy"


def test_inputs_that_do_not_fit(faces):
    for inputs, words in [
        ({"z": np.zeros(64)}, "one row"),
        ({"y": np.zeros((1, 64))}, "none of the generator's inputs"),
    ]:
        with pytest.raises(pulse.PulseError, match=words):
            faces.forward(inputs)
    z = np.zeros((1, *faces.inputs["z"]))
    with pytest.raises(pulse.PulseError, match="the cotangent is of shape"):
        faces.vjp({"z": z}, np.zeros((1, 3, 64, 64)))
