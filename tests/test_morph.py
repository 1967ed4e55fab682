"""Morphs: Eq. 10-11 and one steering step against direct transcriptions, distances, selections, chunks."""

import pytest
import torch

from steerlens import (
    Coefficients,
    Fourier,
    Pixels,
    SteerablePyramid,
    extrapolate,
    polar_gradient,
    steer,
    wirtinger_gradient,
)
from steerlens._internal.chunks import MODEL
from steerlens.morphs.scores import objective_values

SHAPE = (13, 16)
TRANSFORMS = [
    SteerablePyramid(SHAPE, 2, 3),
    SteerablePyramid(SHAPE, 2, 2, padding=2),
    Fourier(SHAPE),
    Pixels(SHAPE),
]
each_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: type(t).__name__)
with_phase = pytest.mark.parametrize("transform", TRANSFORMS[:3], ids=lambda t: type(t).__name__)
TARGETS = torch.tensor([2, 0, 4])
MOVES = [
    (extrapolate, {"alpha": 3.0, "steps": 6}),
    (steer, {"steps": 6}),
    (steer, {"regime": "persistent", "steps": 6}),
]
each_move = pytest.mark.parametrize("move, options", MOVES, ids=["frozen", "live", "persistent"])


@pytest.fixture
def model(classifier):
    return classifier(SHAPE)


@pytest.fixture
def x(images):
    return images(3, 1, *SHAPE)


def paper_frame(model, x, target, transform, alpha, k, amplitude="constant", lowpass="linear"):
    """Frame k by the letter of Eq. 5, 9, 10, 11 (bands) and 2 (low-pass)."""
    c, g = transform.analyze(x), wirtinger_gradient(model, x, target, transform)
    bands = []
    for S, g_S in zip(c.bands, g.bands, strict=True):
        A, phi = S.abs(), S.angle()
        d_amplitude, d_phase = polar_gradient(S, g_S)
        z = 1 + alpha / 2 * d_amplitude / A + 0.5j * alpha * d_phase / A**2
        A_k = {"constant": A, "compounded": z.abs() ** k * A, "linear": A * (1 + k * (z.abs() - 1))}[
            amplitude
        ]
        bands.append(A_k.clamp(min=0) * torch.exp(1j * (phi + k * z.angle())))
    low = c.residuals[1] + k * alpha * g.residuals[1] * (lowpass == "linear")
    return transform.synthesize(Coefficients(tuple(bands), (c.residuals[0], low))).clamp(0, 1)


@pytest.mark.parametrize("amplitude", ["constant", "compounded", "linear"])
@pytest.mark.parametrize("lowpass", ["linear", "fixed"])
def test_frozen_frames_are_those_of_the_paper(model, x, amplitude, lowpass):
    pyramid = TRANSFORMS[0]
    morph = extrapolate(
        model,
        x,
        TARGETS,
        pyramid,
        alpha=0.5,
        steps=[1, 2.5, 7],
        amplitude=amplitude,
        residuals={"lowpass": lowpass},
    )
    assert torch.equal(morph.steps, torch.tensor([0, 1, 2.5, 7], dtype=torch.float64))
    for column, k in enumerate(morph.steps[1:].tolist(), start=1):
        expected = paper_frame(model, x, TARGETS, pyramid, 0.5, k, amplitude, lowpass)
        assert torch.allclose(morph.frames[:, column], expected, atol=1e-9)


def test_pixels_extrapolate_by_eq_2(model, x):
    gradient = wirtinger_gradient(model, x, TARGETS, Pixels(SHAPE)).residuals[0]
    morph = extrapolate(model, x, TARGETS, Pixels(SHAPE), alpha=4.0, steps=3)
    for k in range(4):
        assert torch.allclose(morph.frames[:, k], (x + k * 4 * gradient).clamp(0, 1))


@pytest.mark.parametrize("residuals", ["fixed", "linear", {"highpass": "linear"}, {"lowpass": "fixed"}])
def test_residual_policies(model, x, residuals):
    """The default moves the low-pass residual and fixes the high-pass one."""
    pyramid = TRANSFORMS[0]
    names = {"highpass": "fixed", "lowpass": "linear"}
    names.update(dict.fromkeys(names, residuals) if isinstance(residuals, str) else residuals)
    c, g = pyramid.analyze(x), wirtinger_gradient(model, x, TARGETS, pyramid)
    g_r = [g.residuals[i] * (names[name] == "linear") for i, name in enumerate(("highpass", "lowpass"))]
    z = [1 + 2 * g_S / S for S, g_S in zip(c.bands, g.bands, strict=True)]
    bands = tuple(S * torch.exp(3j * step.angle()) for S, step in zip(c.bands, z, strict=True))
    expected = pyramid.synthesize(
        Coefficients(bands, tuple(r + 6 * d for r, d in zip(c.residuals, g_r, strict=True)))
    )
    morph = extrapolate(model, x, TARGETS, pyramid, alpha=2.0, steps=[3], residuals=residuals)
    assert torch.allclose(morph.frames[:, 1], expected.clamp(0, 1), atol=1e-12)


@pytest.mark.parametrize("move", [extrapolate, steer])
@pytest.mark.parametrize(
    "chosen", [{}, {"scales": 0}, {"orientations": [1]}, {"bands": [(1, 0)]}, {"bands": []}]
)
def test_one_rule_for_residuals(move, chosen, model, x):
    """What is not named follows the transform's own policy: in both functions, whatever bands are chosen."""
    pyramid = TRANSFORMS[0]
    default, named, fixed = (
        move(model, x, TARGETS, pyramid, steps=2, **chosen, **how).frames
        for how in ({}, {"residuals": pyramid.residual_policy}, {"residuals": "fixed"})
    )
    assert torch.equal(default, named)
    assert not torch.allclose(default, fixed)


@each_transform
@each_move
def test_a_morph_and_its_measurements(transform, move, options, model, x):
    morph = move(model, x, TARGETS, transform, **options)
    assert morph.frames.shape == (3, 7, 1, *SHAPE)
    assert torch.equal(morph.frames[:, 0], x)
    assert morph.frames.min() >= 0
    assert morph.frames.max() <= 1
    assert torch.equal(morph.targets, TARGETS)
    assert torch.equal(morph.sources, model(x).argmax(1))
    assert torch.allclose(morph.distances, (morph.frames - x[:, None]).flatten(2).norm(dim=2))
    probabilities = torch.stack([model(frame).softmax(1) for frame in morph.frames.unbind(1)], 1)
    assert torch.allclose(morph.probabilities, probabilities)
    assert torch.allclose(morph.target_probabilities[1], probabilities[1, :, 0])
    assert not morph.frames.requires_grad
    assert not morph.probabilities.requires_grad


@each_transform
@each_move
def test_every_move_raises_the_objective(transform, move, options, model, x):
    small = {"alpha": 0.1, "steps": 1} if move is extrapolate else {**options, "cap": 0.02, "steps": 1}
    sources = model(x).argmax(1)
    targets = (sources + torch.tensor([1, 2, 3])) % 5
    for objective in ("log_probability", "logit", "margin"):
        morph = move(model, x, targets, transform, objective=objective, **small)
        before, after = (
            objective_values(model(morph.frames[:, k]), targets, objective, sources) for k in (0, 1)
        )
        assert (after > before).all()


@each_transform
@each_move
def test_at_distance(transform, move, options, model, x):
    morph = move(model, x, TARGETS, transform, **options)
    wanted = 0.6 * morph.distances.max(1).values.min().item()
    found, attained = morph.at_distance(wanted)
    assert attained.all()
    assert ((found - x).flatten(1).norm(dim=1) - wanted).abs().max() <= 5e-4
    beyond = morph.distances.max().item() * 0.999
    found, attained = morph.at_distance(beyond)
    assert torch.equal(attained, (morph.distances >= beyond).any(1))
    for row in (~attained).nonzero()[:, 0]:
        assert torch.equal(found[row], morph.frames[row, morph.distances[row].argmax()])


@each_transform
def test_a_budget_that_was_met_is_attained(transform, model, x):
    spent = steer(model, x, TARGETS, transform, steps=60, length=0.1, budget=0.5, progress=False)
    assert (spent.distances.amax(1) >= 0.5 - 5e-4).all()
    images, attained = spent.at_distance(0.5)
    assert attained.all()
    assert ((images - x).flatten(1).norm(dim=1) - 0.5).abs().max() <= 5e-4 + 1e-9


def test_at_distance_lies_on_the_frozen_path(model, x):
    """Not on a chord: the image found equals the frame at its own k."""
    pyramid = TRANSFORMS[0]
    coarse = extrapolate(model, x[:1], 2, pyramid, alpha=3.0, steps=[8.0])
    wanted = 0.5 * coarse.distances[0, 1].item()
    found, _ = coarse.at_distance(wanted)
    fine = extrapolate(model, x[:1], 2, pyramid, alpha=3.0, steps=[k / 50 for k in range(1, 401)])
    nearest = (fine.frames[0] - found).flatten(1).norm(dim=1).min()
    assert nearest < 0.01 * wanted


@each_transform
@pytest.mark.parametrize("regime", ["live", "persistent"])
@pytest.mark.parametrize("direction", ["phase", "wirtinger", "joint"])
def test_budget(transform, regime, direction, model, x):
    free = steer(model, x, TARGETS, transform, regime=regime, direction=direction, steps=8)
    budget = 0.7 * free.distances[:, -1].min().item()
    morph = steer(model, x, TARGETS, transform, regime=regime, direction=direction, steps=8, budget=budget)
    assert (morph.distances <= budget + 5e-4).all()
    assert ((morph.distances[:, -1] - budget).abs() <= 5e-4).all()
    before = morph.distances < budget - 5e-4
    assert torch.allclose(morph.frames[before], free.frames[before])


@with_phase
@pytest.mark.parametrize("direction", ["phase", "wirtinger", "joint"])
def test_first_step_of_each_direction(transform, direction, model, x):
    c, g = transform.analyze(x), wirtinger_gradient(model, x, TARGETS, transform)
    if direction == "phase":
        step = [1j * polar_gradient(S, g_S)[1] for S, g_S in zip(c.bands, g.bands, strict=True)]
    elif direction == "joint":
        parts = [(S.abs(), *polar_gradient(S, g_S)) for S, g_S in zip(c.bands, g.bands, strict=True)]
        step = [d_A + 1j * (d_phi / torch.where(A > 0, A, torch.inf)) for A, d_A, d_phi in parts]
    if direction == "wirtinger":
        pairs = zip(c.bands, g.bands, strict=True)
        z = [1 + torch.where(S != 0, g_S / torch.where(S != 0, S, 1), 0) for S, g_S in pairs]
        step = [1j * z_S.angle().clamp(-0.2, 0.2) for z_S in z]
    else:
        peak = torch.stack([w.abs().flatten(1).amax(1) for w in step]).amax(0)
        step = [0.2 * w / peak.view(-1, 1, 1, 1, 1) for w in step]
    bands = tuple(S * w.exp() for S, w in zip(c.bands, step, strict=True))
    expected = transform.synthesize(Coefficients(bands, c.residuals)).clamp(0, 1)
    how = {"direction": direction, "cap": 0.2, "steps": 1, "residuals": "fixed"}
    for regime in ("live", "persistent"):
        morph = steer(model, x, TARGETS, transform, regime=regime, **how)
        assert torch.allclose(morph.frames[:, 1], expected, atol=1e-10)


def test_live_analyses_the_current_image_and_persistent_does_not(model, x):
    pyramid = TRANSFORMS[0]
    live = steer(model, x, TARGETS, pyramid, steps=4)
    again = steer(model, live.frames[:, 2], TARGETS, pyramid, steps=2)
    assert torch.allclose(again.frames, live.frames[:, 2:])
    persistent = steer(model, x, TARGETS, pyramid, regime="persistent", steps=4)
    assert torch.allclose(persistent.frames[:, 1], live.frames[:, 1])
    assert not torch.allclose(persistent.frames[:, 4], live.frames[:, 4])


@each_move
def test_only_the_chosen_bands_change(move, options, model, x):
    """One step's change is the synthesis of a change in one band alone, the residuals fixed."""
    pyramid = SteerablePyramid(SHAPE, 2, 3)
    inside = x * 0.2 + 0.4  # so that nothing is clipped
    options = {"alpha": 0.05, "steps": 1} if move is extrapolate else {**options, "steps": 1, "cap": 0.05}
    options["residuals"] = "fixed"
    morph = move(model, inside, TARGETS, pyramid, scales=[1], orientations=0, **options)
    change = pyramid.analyze(morph.frames[:, 1] - inside)
    radius_energy = change.bands[1].abs().square().sum()
    assert radius_energy > 0
    assert change.residuals[0].abs().max() < 1e-12  # scale 1 does not reach the high-pass band
    full = move(model, inside, TARGETS, pyramid, **options)
    assert full.distances[:, 1].min() > morph.distances[:, 1].max() * 0.5
    nothing = move(model, inside, TARGETS, pyramid, scales=[], **options)
    assert nothing.distances.max() < 1e-12


@each_move
def test_amplifiers_weigh_channels(move, options, classifier, images):
    model, x = classifier(SHAPE, channels=3), images(2, 3, *SHAPE)
    for transform in TRANSFORMS:
        morph = move(model, x, 1, transform, amplifiers=[0, 1, 0.5], **options)
        change = (morph.frames[:, -1] - x).flatten(2).norm(dim=2)
        assert change[:, 0].max() < 1e-12
        assert change[:, 1:].min() > 1e-4


@each_transform
def test_alpha_zero_changes_nothing(transform, model, x):
    morph = extrapolate(model, x, TARGETS, transform, alpha=0, steps=3)
    assert morph.distances.max() < 1e-12


@each_transform
@each_move
def test_chunks_are_invisible(transform, move, options, model, x):
    whole = move(model, x, TARGETS, transform, **options)
    parts = move(model, x, TARGETS, transform, memory=1e-6, **options)
    assert torch.allclose(parts.frames, whole.frames, atol=1e-12)
    assert torch.allclose(parts.probabilities, whole.probabilities, atol=1e-12)


@each_move
def test_memory_is_bounded_however_many_frames(move, options, model, x):
    """The model (and so each synthesis before it) never sees more than a chunk at a time."""
    seen = []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    four = 4 * MODEL * x[0].nbytes / 2**20
    options = {**options, "steps": 40, "memory": four}
    move(model, x.repeat(4, 1, 1, 1), TARGETS.repeat(4), TRANSFORMS[0], **options)
    assert max(seen) == 4


@each_move
def test_rows_do_not_influence_each_other(move, options, model, x):
    together = move(model, x, TARGETS, TRANSFORMS[0], **options)
    for row in range(3):
        alone = move(model, x[row : row + 1], TARGETS[row].item(), TRANSFORMS[0], **options)
        assert torch.allclose(alone.frames[0], together.frames[row], atol=1e-12)


@each_transform
@each_move
def test_float32_follows_float64(transform, move, options, model, x):
    precise = move(model, x, TARGETS, transform, **options)
    plain = move(model.float(), x.float(), TARGETS, transform, **options)
    assert plain.frames.dtype == torch.float32
    assert (plain.frames - precise.frames).abs().max() < 1e-3


def test_strong_compounding_stays_finite(model, x):
    """|z|^k of a weak coefficient soon leaves float32; the frames stay images."""
    morph = extrapolate(
        model.float(), x.float(), TARGETS, TRANSFORMS[0], alpha=1e4, steps=60, amplitude="compounded"
    )
    assert morph.frames.isfinite().all()


def test_repr(model, x):
    text = repr(extrapolate(model, x, TARGETS, TRANSFORMS[0], steps=2))
    assert text.startswith("Morph(3 images, 3 frames, median target probability at the end ")


@pytest.mark.parametrize("regime", ["live", "persistent"])
@pytest.mark.parametrize("direction", ["phase", "joint"])
@each_transform
def test_steps_of_one_length_in_the_image(transform, regime, direction, model, x):
    """Whatever the transform and the cap; inside [0, 1], where nothing is clipped."""
    inside = x * 0.2 + 0.4
    for cap in (0.05, 1.0):
        morph = steer(
            model,
            inside,
            TARGETS,
            transform,
            regime=regime,
            direction=direction,
            cap=cap,
            steps=5,
            length=0.02,
        )
        paces = (morph.frames.diff(dim=1)).flatten(2).norm(dim=2)
        torch.testing.assert_close(paces, torch.full_like(paces, 0.02), rtol=0.02, atol=0)


def test_after_all_have_stopped_the_model_is_not_asked_again(model, x):
    calls = []
    model.register_forward_pre_hook(lambda _, inputs: calls.append(len(inputs[0])))
    steer(model, x, TARGETS, TRANSFORMS[0], steps=3, budget=0.05, length=0.1)
    few = len(calls)
    calls.clear()
    morph = steer(model, x, TARGETS, TRANSFORMS[0], steps=300, budget=0.05, length=0.1)
    assert len(calls) == few
    assert morph.frames.shape[1] == morph.probabilities.shape[1] == 301
    assert torch.equal(morph.frames[:, 2], morph.frames[:, -1])
    assert torch.equal(morph.probabilities[:, 2], morph.probabilities[:, -1])
