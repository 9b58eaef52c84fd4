"""What a range of candidates offers."""

import json

import numpy as np
import pytest

import pulse


def test_statistics_are_those_of_the_pictures(found):
    images = found.images
    assert np.allclose(found.mean, images.mean(0), atol=1e-6)
    certainty = found.certainty()
    assert certainty.count == 3
    assert np.allclose(certainty.deviation, images.std(0, ddof=1), atol=1e-5)
    assert certainty.half_widths.shape == (64, 64, 3)
    assert 0 <= certainty.agreed <= 1
    assert certainty.overlay().shape == (64, 64, 3)
    assert [band[1] for band in certainty.bands] == [(32, 32), (64, 64)]
    assert found.spread["least"] <= found.spread["mean"] <= found.spread["greatest"]


def test_sorting_gives_another_order_and_keeps_numbers(found):
    for by in pulse.ORDERS:
        assert sorted(candidate.number for candidate in found.sort(by)) == [1, 2, 3]
    dbs = [candidate.db for candidate in found.sort("consistency")]
    assert dbs == sorted(dbs, reverse=True)
    assert [candidate.number for candidate in found[1:]] == [2, 3]
    with pytest.raises(pulse.PulseError, match="nothing to sort by"):
        found.sort("beauty")


def test_a_table_has_a_row_each(found):
    pytest.importorskip("pandas", reason="pandas is not installed: the table was not tested")
    table = found.to_dataframe()
    assert list(table.index) == [1, 2, 3]
    assert table.loc[2, "db"] == found[1].db


def test_a_folder_opens_again(found, tmp_path):
    folder = found.sort("consistency").save(tmp_path / "run")
    record = json.loads((folder / "run.json").read_text())
    assert record["summary"]["candidates"] == 3
    opened = pulse.open(folder)
    assert np.abs(opened.images - found.images).max() < 1e-3
    assert [candidate.verdict for candidate in opened] == [candidate.verdict for candidate in found]
    assert opened.verdict == found.verdict
    for name, score in found[0].scores.items():
        assert opened[0].scores[name] == (None if score is None else pytest.approx(score, rel=0.01, abs=0.01)), name
    assert opened.spread == pytest.approx(found.spread, rel=0.01)
    copied = opened.save(tmp_path / "copy")
    assert (copied / "run.json").read_bytes() == (folder / "run.json").read_bytes()
    with pytest.raises(pulse.PulseError, match="replace=True") as caught:
        found.save(folder)
    assert isinstance(caught.value, OSError)
    found.save(folder, replace=True)


def test_a_report_is_one_page(found, tmp_path):
    page = found.report(tmp_path / "page.html").read_text()
    assert page.startswith("<!DOCTYPE html>") or page.lower().startswith("<!doctype")
    assert "candidate" in page


def test_a_notebook_shows_pictures(found):
    page = found._repr_html_()
    assert page.count("data:image/png;base64,") == 5
    assert "where they differ" in page
    png = found[0]._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert b"trainedAlgorithmicMedia" in png
    assert np.array_equal(np.asarray(found[0].pil), np.floor(found[0].image * 255 + 0.5).astype(np.uint8))
    assert np.array_equal(np.asarray(found[0]), found[0].image)


def test_directions_and_paths_stay_consistent(found):
    strips = found.directions(0, 2, frames=3)
    assert [len(strip) for strip in strips] == [3, 3]
    assert all(frame.db > 45 for strip in strips for frame in strip)
    assert np.abs(strips[0][1].image - found[0].image).max() < 1e-3
    assert strips[0][0].length < 0 < strips[0][2].length
    path = found.path(0, 2, frames=4)
    assert len(path) == 4
    assert all(frame.db > 45 for frame in path)
    assert np.abs(path[-1].image - found[2].image).max() < 1e-3


def test_what_is_kept_stays(found):
    mask = np.zeros((64, 64), bool)
    mask[:, :32] = True
    again = found.search_again(candidate=1, keep=mask, candidates=2)
    for candidate in again:
        difference = np.abs(candidate.image - found[1].image)
        assert difference[:, :32].max() < 0.02
        assert difference[:, 40:].max() > 0.05
        assert candidate.db > 45
    with pytest.raises(pulse.PulseError, match="name the candidate"):
        found.search_again(keep=mask)
    with pytest.raises(pulse.PulseError, match="cannot be added to"):
        again.more(1)


def test_neighbours_are_near_and_examples_draw(found):
    near = found.search_again(like=0, amount=0.1, candidates=1)
    far = found.search_again(candidates=1)
    distance = [np.abs(some[0].image - found[0].image).mean() for some in (near, far)]
    assert distance[0] < distance[1]
    drawn = found.search_again(toward=found[2].image, candidates=1)
    assert np.abs(drawn[0].image - found[2].image).mean() < np.abs(far[0].image - found[2].image).mean()


def test_a_run_of_a_folder_goes_on(found, tmp_path, example, faces):
    opened = pulse.open(found.save(tmp_path / "run"))
    assert len(opened.directions(0, 1, frames=3)) == 1
    more = opened.more(1)
    assert [candidate.number for candidate in more] == [1, 2, 3, 4]


def test_certainty_waits_for_no_verdict(example, tmp_path, monkeypatch):
    """Under a measurement that nothing is known of yet, only the verdict takes searches for the generator's own pictures."""
    monkeypatch.setenv("PULSE_CACHE", str(tmp_path))
    generator = pulse.Generator(pulse._pulse.Generator.open("faces"))
    found = pulse.search(example, generator, candidates=2, steps=20, measurement="gaussian:2,area")
    certainty = found.certainty()
    assert found.spread["random"] > 0
    assert len(found.sort("sharpness")) == len(found.images) == 2
    assert not any(tmp_path.rglob("*")), "what a verdict needs was searched for"
    assert found.verdict in ("known", "stretched", "unknown")
    assert any(tmp_path.rglob("*"))
    assert np.array_equal(certainty.half_widths, found.certainty().half_widths)
