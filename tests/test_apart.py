"""Images too large for the memory are worked on a channel at a time: the same morphs, less at once."""

import pickle

import pytest
import torch

from steerlens import Fourier, Morph, Pixels, SteerablePyramid, Views, extrapolate, steer
from steerlens._internal.chunks import LARGE, TRANSFORM, too_large
from steerlens.transforms.color import YIQ

SHAPE, TARGETS = (9, 12), torch.tensor([1, 2])
TRANSFORMS = [SteerablePyramid(SHAPE, 2, 3, padding=1), Fourier(SHAPE), Pixels(SHAPE)]
FROZEN = [{"amplitude": name} for name in ("constant", "compounded", "linear")]
FROZEN += [{"amplifiers": [0.5, 0, 2]}, {"steps": [0.5, 1, 2, 3, 5, 8, 13]}, {"views": Views(2, seed=1)}]
LIVE = [{"direction": name} for name in ("phase", "wirtinger", "joint")]
LIVE += [{"length": 0.2}, {"budget": 0.3}, {"until": -1.0}, {"amplifiers": [0.5, 0, 2]}]
LIVE += [{"views": Views(2, seed=1)}, {"regime": "persistent"}, {"length": 0.2, "budget": 0.3}]
CASES = [(extrapolate, {"alpha": 0.3, **how}) for how in FROZEN] + [
    (steer, {"steps": 5, **how}) for how in LIVE
]
TINY = 1e-6  # MiB, less than any image


def both(move, options, transform, classifier, images, memory=TINY):
    """The morph made as is fastest, and within almost no memory."""
    model, x = classifier(SHAPE, channels=3), images(2, 3, *SHAPE)
    return [move(model, x, TARGETS, transform, memory=m, **options) for m in (None, memory)]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_morph_is_the_same(transform, case, classifier, images):
    whole, apart = both(*CASES[case], transform, classifier, images)
    exact = 1e-3 if "budget" in CASES[case][1] else 1e-10  # a budget is met to 5e-4
    for name in ("frames", "probabilities", "distances", "values"):
        assert torch.allclose(getattr(apart, name), getattr(whole, name), atol=exact)
    distance = 0.9 * whole.distances[:, -1].min().item()
    there, also = whole.at_distance(distance), apart.at_distance(distance)
    assert torch.equal(there[1], also[1])
    assert torch.allclose(there[0], also[0], atol=1e-3)  # each meets the distance to 5e-4


class Spied(SteerablePyramid):
    """Remembers how many channels it was given at once."""

    def analyze(self, images):
        self.seen = max(getattr(self, "seen", 0), images.shape[1])
        return super().analyze(images)


class Mixing(Spied):
    """A transform that says nothing about channels."""

    channels_apart = False


@pytest.mark.parametrize(("kind", "most"), [(Spied, 1), (Mixing, 3)])
@pytest.mark.parametrize(("move", "options"), [(extrapolate, {}), (steer, {"length": 0.1, "budget": 0.2})])
def test_one_channel_at_a_time_if_the_transform_allows_it(kind, most, move, options, classifier, images):
    transform, model = kind(SHAPE, 2, 3), classifier(SHAPE, channels=3)
    move(model, images(2, 3, *SHAPE), TARGETS, transform, steps=3, memory=TINY, **options)
    assert transform.seen == most


def test_a_transform_that_mixes_channels_is_never_taken_apart(classifier, images):
    for case in CASES[::3]:
        whole, apart = both(*case, YIQ(SteerablePyramid(SHAPE, 2, 3)), classifier, images)
        assert torch.allclose(apart.frames, whole.frames, atol=1e-12)


def test_such_a_morph_can_be_saved_chosen_from_and_moved(classifier, images):
    _, apart = both(extrapolate, {}, TRANSFORMS[0], classifier, images)
    again: Morph = pickle.loads(pickle.dumps(apart)).to("cpu")
    assert again == apart
    expected, _ = apart.at_distance(0.1)
    assert torch.equal(again[[1, 0]].at_distance(0.1)[0], expected[[1, 0]])


def test_what_is_too_large():
    side = int((LARGE * 2**20 / TRANSFORM / 12) ** 0.5)  # float32, three channels
    assert not too_large(torch.empty(5, 3, side, side, device="meta"))
    assert too_large(torch.empty(1, 3, side + 1, side + 1, device="meta"))
    assert too_large(torch.empty(1, 3, side, side, device="meta"), LARGE - 2)
