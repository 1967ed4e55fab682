"""Transforms, coefficients and morphs behave as torch's own values do."""

import copy
import io
import pickle
import warnings

import pytest
import torch
from torch.func import grad, jvp, vmap

import steerlens as sl
from steerlens import Coefficients, Fourier, Pixels, SteerablePyramid, extrapolate, steer
from steerlens.transforms.color import YIQ

SHAPE = (9, 12)
TRANSFORMS = [SteerablePyramid(SHAPE, 2, 3, padding=1), Fourier(SHAPE), Pixels(SHAPE)]
each_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: type(t).__name__)


def stored(value):
    """The same value, once saved by torch and loaded again."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


COPIES = pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value)), stored],
    ids=["deepcopy", "pickle", "torch.save"],
)


# Coefficients.
@each_transform
def test_coefficients_are_a_vector_space(transform, images):
    x, y = images(3, 2, *SHAPE), images(3, 2, *SHAPE, seed=1)
    a, b = transform(x), transform(y)
    assert a == transform.analyze(x) and a != b and a != "coefficients"
    assert 2 * a == a * 2 == a + a
    assert torch.allclose(transform.synthesize(a + 0.5 * b), x + 0.5 * y)
    assert len(a) == 3 and len(a[1:]) == 2 and len(a[-1]) == 1 and a[2] == transform(x[2:])
    assert a[torch.tensor([True, False, True])] == transform(x[[0, 2]])
    assert a != transform(x.float())
    assert "\n" not in repr(a) and "float64" in repr(a)
    assert a.to("cpu") == a


@COPIES
def test_coefficients_are_copied_whole(copied, images):
    c = TRANSFORMS[0](images(2, 1, *SHAPE))
    assert copied(c) == c


# Transforms.
@COPIES
@pytest.mark.parametrize("transform", [*TRANSFORMS, YIQ(TRANSFORMS[0])], ids=lambda t: type(t).__name__)
def test_transforms_are_copied_whole(copied, transform, images):
    x, again = images(2, 3, *SHAPE), copied(transform)
    assert repr(again) == repr(transform)
    assert again(x) == transform(x)


def test_state_dict_tells_the_settings():
    pyramid = TRANSFORMS[0]
    state = pyramid.state_dict()
    assert state["_extra_state"].tolist() == [*SHAPE, 2, 3, 1]
    SteerablePyramid(SHAPE, 2, 3, padding=1).load_state_dict(state)
    with pytest.raises(
        ValueError, match=r"expected settings \[9, 12, 2, 4, 1\] \(shape, .*, got \[9, 12, 2, 3, 1\]"
    ):
        SteerablePyramid(SHAPE, 2, 4, padding=1).load_state_dict(state)
    with pytest.raises(ValueError, match="state_dict: expected"):
        Fourier((8, 8)).load_state_dict(Fourier(SHAPE).state_dict())


# torch.func and torch.compile.
@each_transform
def test_grad_of_the_energy(transform, images):
    x = images(2, 1, *SHAPE)
    assert torch.allclose(grad(lambda image: transform(image).energy().sum())(x), 2 * x)


@each_transform
def test_vmap_is_the_batch(transform, images):
    x = images(4, 2, 1, *SHAPE)
    found, whole = vmap(transform)(x), transform(x.flatten(0, 1))
    for part, expected in zip(found.parts, whole.parts, strict=True):
        assert torch.allclose(part.flatten(0, 1), expected)
    assert torch.allclose(vmap(lambda c: transform.synthesize(c))(found), x)
    last = vmap(transform, in_dims=4)(x.movedim(0, -1))
    assert all(map(torch.equal, last.parts, found.parts))


@each_transform
def test_gradients_of_each_image_of_a_batch(transform, images):
    x = images(3, 1, 1, *SHAPE)
    each = vmap(grad(lambda image: transform(image).energy().sum() ** 2))(x)
    one = grad(lambda image: transform(image).energy().sum() ** 2)(x[1])
    assert torch.allclose(each[1], one)


@pytest.mark.filterwarnings("ignore:`torch.jit.script`:FutureWarning")  # torch's own, on its first use
@each_transform
def test_jvp_is_the_analysis_of_the_tangent(transform, images):
    x, tangent = images(2, 1, *SHAPE), images(2, 1, *SHAPE, seed=1)
    value, along = jvp(transform, (x,), (tangent,))
    assert value == transform(x)
    for part, expected in zip(along.parts, transform(tangent).parts, strict=True):
        assert torch.allclose(part, expected)


@each_transform
def test_compiled(transform, images):
    x = images(2, 1, *SHAPE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own tracing
        compiled = torch.compile(lambda image: transform(image).energy(), backend="eager")
        found = compiled(x)
    assert torch.allclose(found, transform(x).energy())


# Morphs.
@pytest.fixture
def morphs(classifier, images):
    model, x = classifier(SHAPE), images(3, 1, *SHAPE)
    given = (model, x, [0, 1, 2], TRANSFORMS[0])
    return [extrapolate(*given, alpha=0.1, steps=4, progress=False), steer(*given, steps=4, progress=False)]


def test_iteration_ends_with_the_batch(morphs, images):
    for value in (*morphs, TRANSFORMS[0](images(3, 1, *SHAPE))):
        rows = list(value)
        assert len(rows) == len(value) and all(len(row) == 1 for row in rows) and rows[-1] == value[-1]
        for beyond in (len(value), -len(value) - 1):
            with pytest.raises(IndexError, match=f"expected an index of a batch of {len(value)}"):
                value[beyond]


def test_rows_of_a_morph(morphs):
    for morph in morphs:
        some = morph[1:]
        assert isinstance(some, sl.Morph) and len(morph) == 3 and len(some) == 2 and len(morph[0]) == 1
        assert torch.equal(some.frames, morph.frames[1:]) and torch.equal(some.targets, morph.targets[1:])
        assert morph[:] == morph and morph[[2, 0]][1] == morph[0] and some != morph and morph != "morph"
        half = morph.distances[:, -1].min().item() / 2
        images, attained = morph.at_distance(half)
        of_some, attained_by_some = some.at_distance(half)
        assert attained.all() and attained_by_some.all()
        assert torch.allclose(of_some, images[1:], atol=1e-3)
        assert "\n" not in repr(some)


@COPIES
def test_morphs_are_copied_whole(copied, morphs):
    for morph in morphs:
        again = copied(morph[1:])
        assert again == morph[1:]
        half = again.distances[:, -1].min().item() / 2
        assert torch.equal(again.at_distance(half)[0], morph[1:].at_distance(half)[0])
        assert again.to("cpu") == again


# Choosing bands.
@pytest.mark.parametrize("edit", [extrapolate, steer])
def test_bands_are_rows_and_columns_or_single_ones(edit, classifier, images):
    given = (classifier(SHAPE), images(2, 1, *SHAPE), 2, TRANSFORMS[0])
    cells = [(1, 0), (0, 2), (1, 2), (0, 0)]
    single = edit(*given, bands=cells, steps=3, progress=False)
    assert single == edit(*given, scales=[0, 1], orientations=[0, 2], steps=3, progress=False)
    everything = edit(*given, bands=[(s, b) for s in (0, 1) for b in (0, 1, 2)], steps=3, progress=False)
    assert everything == edit(*given, steps=3, progress=False)
    nothing = edit(*given, bands=[], residuals="fixed", steps=3, progress=False)
    assert nothing.distances.max() < 1e-12
    lowpass = edit(*given, bands=[], steps=3, progress=False)
    change = TRANSFORMS[0].analyze(given[1] * 0.2 + 0.4)  # of images that no step clips
    assert lowpass.distances[:, 1:].min() > 1e-6 and isinstance(change, Coefficients)
    for wrong, message in (
        ({"bands": [(2, 0)]}, "bands: expected an integer from 0 to 1, got 2"),
        ({"bands": [(0, 0)], "scales": 0}, "bands: expected None beside scales"),
        ({"bands": [3]}, r"bands: expected pairs \(scale, orientation\)"),
    ):
        with pytest.raises(ValueError, match=message):
            edit(*given, **wrong)
    with pytest.raises(TypeError, match="bands: expected pairs"):
        edit(*given, bands=3)
