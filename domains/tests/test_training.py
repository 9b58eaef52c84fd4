"""Training and evaluation, on very little. Skipped where PyTorch and diffusers are not installed."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from domains import train  # noqa: E402


@pytest.fixture
def trained(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "CHUNK", 4)

    monkeypatch.setattr(train, "rate_at", lambda step, steps, highest: highest)  # which does not depend on the steps to come

    def run(name, steps):
        arguments = ["galaxies", str(tmp_path / name), "--steps", str(steps), "--batch", "1", "--pictures", "8"]
        train.main([*arguments, "--held-out", "2", "--threads", "1", "--cache", str(tmp_path / "cache")])
        return tmp_path / name

    return run


def weights(folder):
    from diffusers import UNet2DModel

    return UNet2DModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False).state_dict()


def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(trained):
    whole = trained("whole", 3)
    trained("stopped", 1)
    stopped = trained("stopped", 3)
    assert torch.load(stopped / "state.pt", weights_only=True)["step"] == 3
    a, b = weights(whole), weights(stopped)
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert {path.name for path in whole.iterdir()} >= {"model_index.json", "scheduler", "unet", "test.npz"}
    assert np.load(whole / "test.npz")["pictures"].shape == (2, 64, 64, 3)


def test_the_held_out_seed_is_not_trained_on(tmp_path):
    with pytest.raises(SystemExit):
        train.main(["galaxies", str(tmp_path), "--seed", "0"])


def test_what_a_step_draws_depends_on_its_generator_alone():
    images = torch.randint(0, 256, (5, 3, 64, 64), dtype=torch.uint8)
    first, again = (train.batch(images, 3, True, torch.Generator().manual_seed(9)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again))
    assert -1 <= first[0].min() and first[0].max() <= 1


def test_the_learning_rate_rises_stays_and_falls():
    rates = [train.rate_at(step, 1000, 1.0) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01) and rates[99] == rates[600] == 1
    assert rates[800] == pytest.approx(0.5) and rates[-1] == pytest.approx(0.02)


def test_frechet_distance_of_gaussians():
    evaluate = pytest.importorskip("domains.evaluate")
    random = np.random.default_rng(0)
    a, b = random.normal(0, 1, (20_000, 3)), random.normal(0, 2, (20_000, 3)) + [3, 0, 0]
    assert evaluate.frechet_distance(a[:500], a[:500]) == pytest.approx(0, abs=1e-9)
    c = random.normal(0, 1, (2000, 3))
    assert evaluate.frechet_distance(a[:2000], c) < 0.02
    # |mean|² + the sum of (1 - 2)² over three axes; the pairs are of independent samples, so up to their number's error.
    assert evaluate.frechet_distance(a[:2000], b[:2000]) == pytest.approx(9 + 3, rel=0.05)


def test_the_nearest_training_picture_is_found_in_any_turn():
    evaluate = pytest.importorskip("domains.evaluate")
    training = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    turned = np.rot90(training[2], 3)[None]
    assert evaluate.nearest(turned, evaluate.symmetries(training, True))[0] == pytest.approx(0, abs=0.01)
    assert evaluate.nearest(turned, evaluate.symmetries(training, False))[0] > 10
    assert len(evaluate.symmetries(training, True)) == 32
