"""Other questions than a class: any objective, views, and where a morph stops."""

import pytest
import torch
from torch import nn

import steerlens as sl
from steerlens.morphs.gradients import image_gradient
from steerlens.plot.widgets import frame_caption

SHAPE = (12, 10)
PYRAMID = sl.SteerablePyramid(SHAPE, 2, 3)
QUIET = {"progress": False}


@pytest.fixture
def x(images):
    return images(5, 1, *SHAPE)


@pytest.fixture
def net(classifier):
    return classifier(SHAPE)


def log_probability(target):
    return lambda logits, _: logits.log_softmax(1)[:, target]


@pytest.mark.parametrize("move", [sl.extrapolate, sl.steer])
def test_a_function_asks_what_a_name_asks(move, net, x):
    named = move(net, x, 2, PYRAMID, steps=4, **QUIET)
    both = move(net, x, 2, PYRAMID, steps=4, objective=log_probability(2), **QUIET)
    alone = move(net, x, None, PYRAMID, steps=4, objective=log_probability(2), **QUIET)
    for found in (both, alone):
        assert torch.allclose(found.frames, named.frames, atol=1e-12)
        assert torch.allclose(found.values, named.values, atol=1e-12)
    assert torch.allclose(both.probabilities, named.probabilities, atol=1e-12)
    assert alone.probabilities is None and alone.targets is None and alone.sources is None
    assert torch.allclose(named.values, named.target_probabilities.log(), atol=1e-12)


@pytest.mark.parametrize("move", [sl.extrapolate, sl.steer])
def test_one_of_the_objectives(move, net, x):
    """A logit is one, whether the objective or the argument names it; a channel is a mean of activations."""
    found = move(net, x, None, PYRAMID, steps=3, objective=sl.objectives.logit(net, 1), **QUIET)
    named = move(net, x, 1, PYRAMID, steps=3, objective="logit", **QUIET)
    assert torch.allclose(found.frames, named.frames, atol=1e-12)
    channel = sl.objectives.channel(net, "0", 1) - 0.5 * sl.objectives.logit(net, 0)
    morph = move(net, x, None, PYRAMID, steps=3, alpha=1e-2, objective=channel, **QUIET)
    assert torch.allclose(morph.values[:, -1], channel(morph.frames[:, -1])[0])
    assert (morph.values[:, -1] > morph.values[:, 0]).all()


def test_an_output_of_any_kind(net, x):
    """A dict of a regression's two numbers; the gradient is autograd's."""

    class Regression(nn.Module):
        def forward(self, images):
            return {"place": net(images)[:, :2]}

    def along(outputs, images):
        return outputs["place"][:, 1] - images.mean((1, 2, 3))

    found = sl.wirtinger_gradient(Regression(), x, None, PYRAMID, objective=along)
    leaf = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad((net.eval()(leaf)[:, 1] - leaf.mean((1, 2, 3))).sum(), leaf)
    expected = PYRAMID.analyze(slope).map(lambda band: band / 2, lambda residual: residual)
    assert all(map(torch.allclose, found.parts, expected.parts))
    morph = sl.steer(Regression(), x, None, PYRAMID, objective=along, steps=2, **QUIET)
    assert morph.values.shape == (5, 3) and "median value" in repr(morph)
    assert morph[1:3].values.equal(morph.values[1:3]) and morph == morph.to("cpu")
    assert morph.at_distance(0.05)[1].all()
    notes = [axis.get_xlabel() for axis in sl.filmstrip(morph, [1]).axes]
    assert notes == [f"{value:.3g}" for value in morph.values[1].tolist()]
    assert f"value {morph.values[1, 2]:.3g}" in frame_caption(morph, 1, 2)
    with pytest.raises(ValueError, match="targets: expected a morph that asked for a class"):
        _ = morph.target_probabilities


@pytest.mark.parametrize(
    ("objective", "error", "message"),
    [
        (lambda logits, _: logits, ValueError, "objective: expected a real number for each of 5 images"),
        (lambda logits, _: logits[:, 0].tolist(), ValueError, "objective: expected a real number"),
        (lambda logits, _: logits[:, 0] / 0, ValueError, "objective: expected finite values"),
        (lambda logits, _: logits[:, 0].detach(), ValueError, "that depends on the images"),
        ("logit", TypeError, "targets: expected one class index an image for 'logit', got None"),
        ("entropy", ValueError, "objective: expected one of"),
        (3, ValueError, "objective: expected one of"),
    ],
)
def test_bad_objectives(objective, error, message, net, x):
    for move in (sl.extrapolate, sl.steer, sl.wirtinger_gradient):
        with pytest.raises(error, match=message):
            move(net, x, None, PYRAMID, objective=objective)


def test_an_objective_may_write_over_its_arguments(net, x):
    """It gets copies of the images."""

    def careless(logits, images):
        return logits[:, 0] + images.mul_(2).mean((1, 2, 3))

    before = x.clone()
    sl.steer(net, x, None, PYRAMID, objective=careless, steps=2, **QUIET)
    assert torch.equal(x, before)


def test_several_visualisations_are_no_objective_of_a_morph(net, x):
    with pytest.raises(ValueError, match="objective: expected one, for every image, got 2 in one"):
        sl.steer(net, x, None, PYRAMID, objective=sl.objectives.logit(net, [0, 1]))


@pytest.mark.parametrize("move", [sl.extrapolate, sl.steer])
def test_views_that_change_nothing(move, net, x):
    plain = sl.Views(count=3, crops=(1, 1), mirror=0, noise=0)
    expected, found = (move(net, x, 1, PYRAMID, steps=3, views=v, **QUIET) for v in (None, plain))
    assert torch.allclose(found.frames, expected.frames, atol=1e-9)
    assert torch.allclose(found.probabilities, expected.probabilities, atol=1e-9)


@pytest.mark.parametrize("move", [sl.extrapolate, sl.steer])
@pytest.mark.parametrize("objective", ["log_probability", "margin"])
def test_views_are_drawn_alike(move, objective, net, x):
    """The same call gives the same morph, in chunks of any size; frames are scored without views."""
    ask = {"views": sl.Views(4, noise=0.2), "objective": objective, "steps": 3, **QUIET}
    targets = torch.tensor([0, 1, 2, 3, 4])
    found = move(net, x, targets, PYRAMID, **ask)
    for memory in (None, 1e-3):
        again = move(net, x, targets, PYRAMID, memory=memory, **ask)
        assert torch.allclose(again.frames, found.frames, atol=1e-9)
    assert torch.allclose(found.probabilities[:, -1], net(found.frames[:, -1]).softmax(1))


def test_the_gradient_over_views_is_their_mean(net, x):
    views, targets = sl.Views(4, noise=0.2), torch.tensor([0, 1, 2, 3, 4])
    found, scores = image_gradient(net.eval(), x, targets, views=views.restarted())
    leaf = x.clone().requires_grad_()
    seen = net(views.restarted()(leaf)).log_softmax(1).gather(1, targets.repeat_interleave(4)[:, None])
    (expected,) = torch.autograd.grad(seen.sum() / 4, leaf)
    assert torch.allclose(found, expected)
    assert torch.allclose(scores.logits, net(x))


def test_a_morph_stops_where_its_value_is_reached(net, x):
    free = sl.steer(net, x, 2, PYRAMID, steps=10, **QUIET)
    wanted = free.values[:, 4].median().item()
    found = sl.steer(net, x, 2, PYRAMID, steps=10, until=wanted, **QUIET)
    for row in range(len(x)):
        there = (free.values[row] >= wanted).nonzero()[:, 0].tolist()
        last = there[0] if there else 10
        assert torch.equal(found.frames[row, : last + 1], free.frames[row, : last + 1])
        assert (found.frames[row, last:] == found.frames[row, last]).all()
    with pytest.raises(TypeError, match="until: expected a finite number"):
        sl.steer(net, x, 2, PYRAMID, until="soon")


def test_tokens_are_channels_in_places(images):
    """A layer of tokens, (batch, tokens, channels), is read as (batch, channels, tokens)."""

    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(SHAPE[1], 4).double()

        def forward(self, images):
            return self.embed(images[:, 0]).mean(1)

    net, x = Tokens(), images(2, 1, *SHAPE)
    tokens = net.embed(x[:, 0])
    assert torch.equal(sl.objectives.activations(net, x, "embed"), tokens.mT)
    assert torch.allclose(sl.objectives.channel(net, "embed", 3)(x)[0], tokens[:, :, 3].mean(1))
    assert torch.allclose(sl.objectives.neuron(net, "embed", 3, 0)(x)[0], tokens[:, 0, 3])
    assert torch.allclose(
        sl.objectives.direction(net, "embed", torch.eye(4)[2])(x)[0], tokens[..., 2].mean(1)
    )
    with pytest.raises(ValueError, match="token: expected an integer from 0 to 11, got 12"):
        sl.objectives.neuron(net, "embed", 3, 12)(x)
