"""Eq. 1-9 against finite differences, against torch's convention, and where they degenerate."""

import pytest
import torch
from torch import nn

from steerlens import (
    Coefficients,
    Fourier,
    Pixels,
    SteerablePyramid,
    gradient_step,
    polar_gradient,
    wirtinger_gradient,
)
from steerlens.morphs.gradients import (
    analyzed_with_gradient,
    coefficient_gradient,
    evaluation_mode,
    image_gradient,
)
from steerlens.morphs.scores import batched_logits, model_logits, objective_values

SHAPE = (9, 8)
TRANSFORMS = [
    SteerablePyramid(SHAPE, 2, 3),
    SteerablePyramid(SHAPE, 1, 1, padding=1),
    Fourier(SHAPE),
    Pixels(SHAPE),
]
each_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: type(t).__name__)
OBJECTIVES = ["log_probability", "logit", "margin"]


def slopes(function, point, step=1e-4):
    """dL/dx of every real number in ``point``, by central differences of fourth order."""
    flat = point.reshape(-1)
    offsets = torch.eye(len(flat), dtype=point.dtype) * step
    near, far = (
        torch.stack(
            [
                function((flat + k * e).reshape(point.shape)) - function((flat - k * e).reshape(point.shape))
                for e in offsets
            ]
        )
        for k in (1, 2)
    )
    return ((8 * near - far) / (12 * step)).reshape(point.shape)


def replaced(parts, index, part):
    return [part if i == index else other for i, other in enumerate(parts)]


@each_transform
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_against_finite_differences(transform, objective, classifier, images):
    """dL/dS* = (dL/dRe S + i dL/dIm S) / 2 (Eq. 3, Appendix A), dL/dr for real residuals."""
    model, x, target = classifier(SHAPE), images(1, 1, *SHAPE), torch.tensor([3])
    source = model(x).argmax(1)
    c, g = transform.analyze(x), wirtinger_gradient(model, x, target, transform, objective)

    def score(bands, residuals):
        logits = model(transform.synthesize(Coefficients(tuple(bands), tuple(residuals))))
        return objective_values(logits, target, objective, source).squeeze()

    with torch.no_grad():
        for i, band in enumerate(c.bands):

            def of_parts(parts, i=i):
                return score(replaced(c.bands, i, torch.view_as_complex(parts)), c.residuals)

            found = torch.view_as_complex(slopes(of_parts, torch.view_as_real(band))) / 2
            assert (found - g.bands[i]).norm() <= 1e-6 * g.bands[i].norm()
        for i, residual in enumerate(c.residuals):
            found = slopes(lambda r, i=i: score(c.bands, replaced(c.residuals, i, r)), residual)
            assert (found - g.residuals[i]).norm() <= 1e-6 * g.residuals[i].norm()


@each_transform
def test_torch_returns_twice_the_papers_gradient(transform, classifier, images):
    """For a complex leaf torch's .grad is 2 dL/dS*; for a real one it is dL/dr."""
    model, x, target = classifier(SHAPE), images(2, 1, *SHAPE), torch.tensor([1, 4])
    ours = wirtinger_gradient(model, x, target, transform)
    c = transform.analyze(x).map(*[lambda part: part.requires_grad_()] * 2)
    model(transform.synthesize(c)).log_softmax(1).gather(1, target[:, None]).sum().backward()
    for leaf, g in zip(c.bands, ours.bands, strict=True):
        assert torch.allclose(leaf.grad, 2 * g, atol=1e-14)
    for leaf, g in zip(c.residuals, ours.residuals, strict=True):
        assert torch.allclose(leaf.grad, g, atol=1e-14)


@each_transform
def test_in_a_tight_frame_the_gradient_is_the_analysis_of_the_pixel_gradient(transform, classifier, images):
    """The fast way against autograd through synthesize, which serves transforms that are no tight frames."""
    model, x = classifier(SHAPE), images(2, 1, *SHAPE)
    fast = wirtinger_gradient(model, x, 2, transform)
    transform.tight_frame = False
    try:
        slow = wirtinger_gradient(model, x, 2, transform)
    finally:
        del transform.tight_frame
    for a, b in zip([*fast.bands, *fast.residuals], [*slow.bands, *slow.residuals], strict=True):
        assert torch.allclose(a, b, atol=1e-14)


def test_a_transform_that_is_no_tight_frame(classifier, images):
    """Brightness in other units: synthesize is not the adjoint of analyze, and the chain rule still holds."""

    class Scaled(Pixels):
        tight_frame = False

        def analyze(self, images):
            return Coefficients((), (images / 3,))

        def synthesize(self, coefficients):
            return 3 * coefficients.residuals[0]

    model, x = classifier(SHAPE), images(1, 1, *SHAPE)
    pixel = wirtinger_gradient(model, x, 0, Pixels(SHAPE)).residuals[0]
    assert torch.allclose(wirtinger_gradient(model, x, 0, Scaled(SHAPE)).residuals[0], 3 * pixel)


def test_the_point_is_the_image_itself():
    """On a black background ReLU and max-pooling tie; the rounding of a round trip would break the ties."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, bias=False), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 144, 4)
    )
    x = torch.zeros(1, 1, 28, 28)
    x[..., 10:18, 12:15] = 1
    pyramid = SteerablePyramid((28, 28), 3, 4, padding=2)
    leaf = x.clone().requires_grad_()
    model(leaf).log_softmax(1)[0, 2].backward()
    at_image = pyramid.analyze(leaf.grad)
    found = wirtinger_gradient(model, x, 2, pyramid)
    for g, expected in zip(found.bands, at_image.bands, strict=True):
        assert (g - expected / 2).abs().max() < 1e-5 * expected.abs().max()
    round_trip = pyramid.synthesize(pyramid.analyze(x)).requires_grad_()
    model(round_trip).log_softmax(1)[0, 2].backward()
    assert (round_trip.grad - leaf.grad).norm() > 0.01 * leaf.grad.norm()


def test_polar_gradient_against_finite_differences(images):
    """dL/dA and dL/dPhi of L(A exp(i Phi)), and Eq. 5 put together again."""
    parts = images(2, 40, seed=3) * 2 - 1
    S = torch.complex(*parts)
    weights = torch.complex(*images(2, 40, seed=4))

    def loss(S):
        return (weights * S).real.tanh().sum() + (S * S.conj()).real.square().sum()

    leaf = S.clone().requires_grad_()
    loss(leaf).backward()
    g = leaf.grad / 2
    d_amplitude, d_phase = polar_gradient(S, g)
    with torch.no_grad():
        A, phi = S.abs(), S.angle()
        assert torch.allclose(
            slopes(lambda A: loss(torch.polar(A, phi)), A), d_amplitude, rtol=1e-6, atol=1e-9
        )
        assert torch.allclose(slopes(lambda p: loss(torch.polar(A, p)), phi), d_phase, rtol=1e-6, atol=1e-9)
    assert torch.allclose(g, (d_amplitude * S / A + 1j * d_phase * S / A**2) / 2)


def test_gradient_step_is_one_ascent_step(images):
    """S z = S + alpha g (Eq. 6), A_1 = |z| A_0 (Eq. 8), Phi_1 = Phi_0 + arg z (Eq. 7 and 9)."""
    S = torch.complex(*(images(2, 50) - 0.5))
    g = torch.complex(*(images(2, 50, seed=1) - 0.5))
    z = gradient_step(S, g, 0.7)
    assert torch.allclose(S * z, S + 0.7 * g)
    d_amplitude, d_phase = polar_gradient(S, g)
    A = S.abs()
    assert torch.allclose(z, 1 + 0.35 * d_amplitude / A + 0.35j * d_phase / A**2)
    assert torch.allclose(torch.polar(z.abs() * A, S.angle() + z.angle()), S + 0.7 * g)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_coefficients_without_amplitude_have_no_phase(dtype):
    tiny = torch.finfo(dtype.to_real()).tiny
    S = torch.tensor([0, tiny, tiny * 1j, 1], dtype=dtype)
    g = torch.full((4,), 2 - 3j, dtype=dtype)
    z = gradient_step(S, g, 1e6)
    assert torch.equal(z[:3], torch.ones(3, dtype=dtype))
    d_amplitude, d_phase = polar_gradient(S, g)
    assert d_amplitude[0] == 0
    assert d_phase[0] == 0
    for result in (z.real, z.imag, d_amplitude, d_phase):
        assert result.isfinite().all()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives(objective, images):
    logits, targets, sources = images(4, 6), torch.tensor([0, 3, 5, 5]), torch.tensor([1, 1, 2, 0])
    values = objective_values(logits, targets, objective, sources)
    for i in range(4):
        expected = {
            "log_probability": -nn.functional.cross_entropy(logits[i], targets[i]),
            "logit": logits[i, targets[i]],
            "margin": logits[i, targets[i]] - logits[i, sources[i]],
        }
        assert values[i] == pytest.approx(expected[objective].item())


def test_models_are_given_back_as_they_were(images):
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(72), nn.Dropout(), nn.Linear(72, 3)).double()
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    wirtinger_gradient(model, images(2, 1, *SHAPE), 0, Pixels(SHAPE))
    assert [module.training for module in model.modules()] == [True, True, False, True, True]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    with pytest.raises(RuntimeError), evaluation_mode(model):
        raise RuntimeError
    assert model.training


def test_gradients_are_taken_where_autograd_is_off(classifier, images):
    model, x = classifier(SHAPE), images(1, 1, *SHAPE)
    expected, _ = image_gradient(model, x, torch.tensor([1]))
    with torch.no_grad():
        assert torch.equal(image_gradient(model, x, torch.tensor([1]))[0], expected)
    with torch.inference_mode():
        assert torch.equal(image_gradient(model, x, torch.tensor([1]))[0], expected)


def test_running_out_of_memory_is_not_called_a_wrong_shape(images):
    class Hungry(nn.Module):
        def forward(self, images):
            raise torch.OutOfMemoryError("no memory")

    with pytest.raises(torch.OutOfMemoryError):
        model_logits(Hungry(), images(1, 1, 4, 4))


@each_transform
def test_images_and_gradient_in_one_analysis(transform, images):
    x, gradient = images(3, 2, *SHAPE), images(3, 2, *SHAPE, seed=1) - 0.5
    found = analyzed_with_gradient(x, gradient, transform)
    expected = transform.analyze(x), coefficient_gradient(gradient, x, transform)
    for a, b in zip(found, expected, strict=True):
        for part, other in zip(a.parts, b.parts, strict=True):
            assert torch.allclose(part, other, atol=1e-14)


def test_batched_logits_are_those_of_the_whole(classifier, images):
    """More images than are worked on at once; the model comes back in the mode in which it was."""
    model, x, seen = classifier((64, 64)), images(20, 1, 64, 64), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    with torch.no_grad():
        expected = model.eval()(x)
    found = batched_logits(model.train(), x)
    assert torch.allclose(found, expected) and not found.requires_grad and model.training
    assert max(seen[1:]) < 20 and sum(seen[1:]) == 20


# Where p has all but reached 1.
@pytest.mark.parametrize("dtype, most", [(torch.float32, 80.0), (torch.float64, 700.0)])
def test_log_probability_keeps_its_gradient_however_sure_the_model_is(dtype, most):
    """dL/dz = onehot - softmax, whose entry at the target, 1 - p, softmax itself rounds to zero."""
    tolerance = 1e3 * torch.finfo(dtype).eps
    for margin in torch.linspace(-most, most, 41).tolist():
        logits = torch.tensor([[0.3, -1.0, 0.7, margin]], dtype=dtype, requires_grad=True)
        value = objective_values(logits, torch.tensor([3]), "log_probability")
        (gradient,) = torch.autograd.grad(value.sum(), logits)
        *rivals, target = logits.detach().double()[0]
        rivals = torch.stack(rivals)
        short = torch.sigmoid(rivals.logsumexp(0) - target)  # 1 - p
        expected = torch.cat([-short * rivals.softmax(0), short[None]])
        torch.testing.assert_close(gradient[0].double(), expected, rtol=tolerance, atol=0)
        log_p = -torch.logaddexp(rivals.logsumexp(0) - target, target.new_zeros(()))
        torch.testing.assert_close(value[0].double(), log_p, rtol=tolerance, atol=0)


def test_log_probability_of_a_single_class():
    logits = torch.tensor([[3.0], [-200.0]], requires_grad=True)
    values = objective_values(logits, torch.tensor([0, 0]), "log_probability")
    (gradient,) = torch.autograd.grad(values.sum(), logits)
    assert values.tolist() == [0, 0] and gradient.tolist() == [[0], [0]]
