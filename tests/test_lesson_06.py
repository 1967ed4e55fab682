"""Lesson 06: regions, fitted factors, the morph's relatives, the checks, figures and the widget."""

from types import SimpleNamespace

import pytest
import torch
from steerlens_lessons.l06_faces import checks, figures, measures, relatives, widgets
from steerlens_lessons.l06_faces import factors as drawing

from steerlens import SteerablePyramid, data, extrapolate, plot, steer
from steerlens.classifiers.networks import smooth_twin
from steerlens.data import FACTORS, ImageData, draw_faces, face_factors, schematic_faces
from steerlens.morphs.gradients import image_gradient

SHAPE = (48, 48)
CLASSES = data.EMOTIONS


@pytest.fixture
def model(classifier):
    return classifier(SHAPE, classes=2, dtype=torch.float32)


@pytest.fixture
def faces():
    return schematic_faces(40, seed=3)


@pytest.fixture
def morph(model, faces):
    x = faces.images[:3]
    targets = 1 - model(x).argmax(1)
    return steer(model, x, targets, SteerablePyramid(SHAPE, 3, 4), direction="joint", steps=4)


def test_pixel_keys_are_equal_for_equal_pictures(faces):
    keys = set(measures.pixel_keys(faces.images))
    assert len(keys) == 40
    assert all(key in keys for key in measures.pixel_keys(faces.images.clone()))
    assert not any(key in keys for key in measures.pixel_keys((faces.images + 0.01).clamp(0, 1)))


def test_predictions_and_scores(model, faces):
    logits = model(faces.images)
    assert torch.equal(measures.predictions(model, faces.images), logits.argmax(1))
    expected = logits.softmax(1)[torch.arange(40), faces.labels]
    found = measures.scores(model, faces.images, faces.labels)
    assert torch.allclose(found, expected) and not found.requires_grad


def test_figure_7_takes_the_first_that_are_right(faces):
    brightness = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48 * 48, 2))
    with torch.no_grad():
        brightness[1].weight.copy_(torch.tensor([[0.0], [0.01]]).expand(2, 48 * 48))
        brightness[1].bias.copy_(torch.tensor([0.0, -23.04 * faces.images.mean()]))
    labels = measures.predictions(brightness, faces.images)
    labels[:3] = 1 - labels[:3]  # three mistakes
    known = ImageData(faces.images, labels, CLASSES, "made up")
    morphs = measures.figure_7(brightness, known)
    smile, frown = morphs["sad → happy"], morphs["happy → sad"]
    literal = extrapolate(
        brightness, smile.frames[:, 0], 1, SteerablePyramid(SHAPE, 3, 4), alpha=0.3, residuals="fixed"
    )
    assert torch.equal(morphs["sad → happy, frozen"].frames, literal.frames)
    assert smile.targets.tolist() == [1, 1] and frown.targets.tolist() == [0]
    assert smile.frames.shape == (2, 25, 1, *SHAPE) and frown.frames.shape == (1, 25, 1, *SHAPE)
    for morph, label in ((smile, 0), (frown, 1)):
        first = 3 + (labels[3:] == label).nonzero()[: len(morph.frames), 0]
        assert torch.equal(morph.frames[:, 0], known.images[first])
    wrong = ImageData(faces.images, 1 - measures.predictions(brightness, faces.images), CLASSES, "made up")
    with pytest.raises(ValueError, match="expected at most 0"):
        measures.figure_7(brightness, wrong)


def test_regions_tile_the_frame():
    masks = measures.region_masks()
    assert (sum(mask.int() for mask in masks.values()) == 1).all()
    assert all(torch.equal(mask, mask.flip(1)) for mask in masks.values())
    edits = torch.ones(2, 1, *SHAPE)
    assert all(torch.allclose(found, torch.ones(2)) for found in measures.densities(edits).values())
    mouth = masks["mouth"].float().expand(2, 1, -1, -1)
    shares = measures.region_shares(-3 * mouth)
    assert shares["mouth"].tolist() == [1, 1] and shares["elsewhere"].tolist() == [0, 0]
    assert measures.densities(mouth)["mouth"][0] == pytest.approx(48 * 48 / (16 * 28))
    assert all((found == 0).all() for found in measures.region_shares(0 * edits).values())


def test_the_true_change_lies_in_the_mouths_box():
    factors = face_factors(50, seed=4)
    change = draw_faces(drawing.flipped(factors)) - draw_faces(factors)
    assert measures.region_shares(change)["mouth"].min() > 0.99


def test_distance_of_the_first_arrival(morph):
    p = morph.target_probabilities
    level = p.max(1).values.median().item()
    rows = (p.max(1).values >= level).nonzero()[:, 0].tolist()
    for row, distance in zip(rows, measures.distance_at(morph, level).tolist(), strict=True):
        first = next(k for k in range(5) if p[row, k] >= level)
        assert distance == morph.distances[row, first]
    assert len(measures.distance_at(morph, 1.1)) == 0


def test_check_density(images, says, tells, solved):
    edits = images(5, 1, *SHAPE) - 0.3
    right = measures.densities(edits)["mouth"].quantile(0.5).item()
    share = measures.region_shares(edits)["mouth"].quantile(0.5).item()
    for answer in (right, torch.tensor(right), 1.005 * right):
        assert says(checks.check_density, answer, edits) == "Right"
    for wrong in (share, 1 / right, right**2 + 0.1, measures.densities(edits)["mouth"][:2], "mouth", None):
        assert says(checks.check_density, wrong, edits) == "Not yet"
    tells(checks.check_density, edits)
    frozen = SimpleNamespace(at_distance=lambda _: (edits, None))
    lesson = {"morphs": {"frozen": frozen}, "images": edits * 0, "twenty": range(5)}
    assert "Right" in solved("06", 1, measures=measures, **lesson)


def test_check_counterfactual(says, tells, solved):
    factors = face_factors(4, seed=5)
    truth = draw_faces(drawing.flipped(factors))
    turned = {**factors, "curvature": -factors["curvature"]}
    assert says(checks.check_counterfactual, draw_faces(turned), truth, factors) == "Right"
    for wrong in (
        draw_faces(factors),
        draw_faces({**turned, "mouth_contrast": 0 * turned["mouth_contrast"]}),
        draw_faces(
            {name: -value if name in ("curvature", "x") else value for name, value in factors.items()}
        ),
        truth.flip(-2),
        truth[:1],
        turned,
    ):
        assert says(checks.check_counterfactual, wrong, truth, factors) == "Not yet"
    tells(checks.check_counterfactual, truth, factors)
    lesson = {"rows_of": lambda *_: factors}
    assert "Right" in solved("06", 2, factors=SimpleNamespace(**lesson), drawn_from=None, truth=truth)


def test_check_largest_factor(says, tells, solved):
    shares = {"nose": 0.2, "skin": 0.0, "mouth_contrast": 0.6, "curvature": 0.1}
    assert says(checks.check_largest_factor, "mouth_contrast", shares) == "Right"
    for wrong in ("nose", "curvature", "skin", 1, 0.6, None):
        assert says(checks.check_largest_factor, wrong, shares) == "Not yet"
    tells(checks.check_largest_factor, shares)
    middle = torch.linspace(1, 0, len(drawing.NAMES))[None]
    assert "Right" in solved("06", 3, shares={"Fourier, phase": middle}, factors=drawing)


def test_check_row_where(says, tells, solved):
    better, worse = torch.tensor([0.1, 0.9, 0.5, 0.6]), torch.tensor([0.2, 0.8, 0.5, 0.1])
    for right in (1, 3, torch.tensor(3)):
        assert says(checks.check_row_where, right, better, worse) == "Right"
    for wrong in (0, 2, 4, 1.5, True, None, "1st", [1]):
        assert says(checks.check_row_where, wrong, better, worse) == "Not yet"
    assert says(checks.check_row_where, None, worse * 0, worse) == "Right"
    assert says(checks.check_row_where, 0, worse * 0, worse) == "Not yet"
    tells(checks.check_row_where, better, worse)
    frozen, phase = (SimpleNamespace(p_at_1=p) for p in (better, worse))
    lesson = {"hundred": {"frozen": frozen, "live, phase": phase}, "expect": lambda *_: None, "real": False}
    assert "Right" in solved("06", 4, **lesson)


def test_tangents_are_derivatives():
    factors = {name: value.double() for name, value in face_factors(6, seed=6).items()}
    tangents, h = drawing.tangents(factors), 1e-6
    assert tangents.shape == (6, 18, *SHAPE) and not tangents.requires_grad
    for i, name in enumerate(drawing.NAMES):
        up, down = (draw_faces({**factors, name: factors[name] + step}) for step in (h, -h))
        difference = (up - down)[:, 0] / (2 * h) * drawing.RANGES[name]
        assert (difference - tangents[:, i]).norm() < 1e-3 * difference.norm()


def test_fit_finds_the_factors_again():
    before, after = face_factors(8, seed=7), face_factors(8, seed=8)
    small = {name: before[name] + 0.1 * (after[name] - before[name]) for name in FACTORS}
    wanted = {**small, "curvature": -before["curvature"]}
    found = drawing.fit_factors(draw_faces(wanted), before)
    gaps = [(found[name] - wanted[name]).abs() / drawing.RANGES[name] for name in drawing.NAMES]
    assert torch.stack(gaps).median(0).values.max() < 0.01
    assert (found["curvature"] - wanted["curvature"]).abs().max() < 0.05
    source = draw_faces(before)
    assert (drawing.explained(draw_faces(wanted), source, found) > 0.99).all()
    assert (drawing.explained(draw_faces(wanted), source, before).abs() < 1e-5).all()


def test_noise_is_not_explained(images):
    factors = face_factors(4, seed=9)
    source = draw_faces(factors)
    noisy = source + 0.05 * (images(4, 1, *SHAPE, dtype=torch.float32) - 0.5)
    found = drawing.fit_factors(noisy, factors, 6)
    assert (drawing.explained(noisy, source, found) < 0.05).all()
    assert (found["curvature"] - factors["curvature"]).abs().max() < 0.3


def test_rows_of():
    factors = face_factors(3, seed=1)
    assert drawing.rows_of(factors, slice(1, 3))["x"].tolist() == factors["x"][1:].tolist()


def test_erased_and_drawn():
    factors = face_factors(5, seed=2)
    source, truth = draw_faces(factors), draw_faces(drawing.flipped(factors))
    bare = draw_faces({**factors, "mouth_contrast": torch.zeros(5)})
    for image, expected in ((truth, (1, 1)), (bare, (1, 0)), (source, (0, 0))):
        found = drawing.erased_and_drawn(image - source, factors)
        assert torch.allclose(found, torch.tensor(expected).float().expand(5, 2), atol=1e-4)
    assert torch.allclose(drawing.cosine(truth - source, source - truth), -torch.ones(5))


def test_browser_tells_where_the_change_lies(morph):
    png, caption = widgets.browse(morph, 1, 0, CLASSES)
    assert png.startswith(b"\x89PNG") and "energy" not in caption
    later, caption = widgets.browse(morph, 1, 4, CLASSES)
    assert later != png
    shares = measures.region_shares(morph.frames[1:2, 4] - morph.frames[1:2, 0])
    assert f"mouth {shares['mouth'][0]:.0%}" in caption
    assert f"k = 4: p = {morph.target_probabilities[1, 4]:.2f}" in caption
    assert caption.startswith(f"{CLASSES[morph.sources[1]]} → {CLASSES[morph.targets[1]]}")


def test_boxes_stand_out():
    picture = widgets.boxed(torch.ones(3, *SHAPE))
    top, bottom, left, right = measures.BOXES["mouth"]
    assert (picture[:, top, left:right] < 1).all() and (picture[:, bottom - 1, left:right] < 1).all()
    assert (picture[:, top + 1 : bottom - 1, left + 1 : right - 1] == 1).all() and (picture[:, 0] == 1).all()


def test_browser_follows_its_controls(model, faces, morph):
    frozen = extrapolate(model, faces.images[:3], morph.targets, SteerablePyramid(SHAPE, 3, 4), steps=4)
    box = widgets.face_browser({"live": morph, "frozen": frozen}, CLASSES, start=1)
    (face, frame), method = box.children[0].children, box.children[1]
    picture, caption = box.children[2], box.children[3]
    assert caption.value == f"live: {widgets.browse(morph, 1, 4, CLASSES)[1]}"
    method.value, face.value, frame.value = "frozen", 2, 3
    png, words = widgets.browse(frozen, 2, 3, CLASSES)
    assert (picture.value, caption.value) == (png, f"frozen: {words}")
    bundle = box._repr_mimebundle_()
    assert bundle["image/png"] and "each method" in bundle["text/plain"]


def test_figures_draw_what_they_are_given(faces, morph):
    table = figures.before_after(morph, [0, 2], probability=2.0)  # never reached: the last frame
    labels = [axis.get_xlabel() for axis in table.axes]
    assert len(labels) == 6 and labels[2] == labels[4] and labels[0].startswith("k = 0: ")
    boxed = plot.grid({"": faces.images[:2]}, draw=figures.boxes)
    assert [len(axis.patches) for axis in boxed.axes] == [2, 2]
    assert [len(axis.texts) for axis in boxed.axes] == [2, 0]


def test_energies_find_the_factors_that_changed():
    before, after = face_factors(5, seed=11), face_factors(5, seed=12)
    found = drawing.energies(before, {**before, "curvature": -before["curvature"], "skin": after["skin"]})
    places = [drawing.NAMES.index(name) for name in ("curvature", "skin")]
    others = [i for i in range(18) if i not in places]
    assert (found[:, places] > 0.01).all() and (found[:, others] == 0).all()
    truth = draw_faces(drawing.flipped(before)) - draw_faces(before)
    found = drawing.energies(before, drawing.flipped(before))
    assert torch.allclose(found[:, 0], truth.square().flatten(1).sum(1), rtol=1e-4)
    bare = {**drawing.flipped(before), "mouth_contrast": torch.zeros(5)}
    found = drawing.energies(before, bare)  # where there is no mouth, its curvature changes nothing
    assert (found[:, drawing.NAMES.index("mouth_contrast")] == found.sum(1)).all()


@pytest.fixture
def slope(model, faces):
    x = faces.images[:3]
    targets = 1 - model(x).argmax(1)
    return lambda images: image_gradient(model, images, targets, "margin", 1 - targets)[0]


def test_smooth_gradient_without_noise_is_the_gradient(slope, faces):
    x = faces.images[:3]
    assert torch.allclose(relatives.smooth_gradient(slope, x, noise=0.0, n=3), slope(x), atol=1e-6)
    assert not torch.allclose(relatives.smooth_gradient(slope, x, noise=0.1, n=3), slope(x), atol=1e-6)


def test_integrated_gradients_are_complete(model, faces):
    x, baseline = faces.images[:3].double(), torch.full((3, 1, *SHAPE), 0.2, dtype=torch.float64)
    twin = smooth_twin(model)
    one, two = torch.tensor([1, 0, 1]), torch.tensor([0, 1, 0])
    path = relatives.path_gradient(
        lambda at: image_gradient(twin, at, one, "margin", two)[0], x, baseline, 64
    )
    margins = [
        (twin(at).gather(1, one[:, None]) - twin(at).gather(1, two[:, None]))[:, 0] for at in (x, baseline)
    ]
    change = (margins[0] - margins[1]).detach()
    assert ((path * (x - baseline)).flatten(1).sum(1) - change).abs().max() < 1e-3 * change.abs().max()


def test_grad_cam_of_a_linear_network(images):
    """Two maps A_k = c_k x; weights w_k on all pixels, for class 1: relu(sum_k w_k c_k x)."""
    x = images(2, 1, 8, 8) - 0.5
    head, tail = torch.nn.Conv2d(1, 2, 1, bias=False).double(), torch.nn.Linear(128, 2, bias=False).double()
    with torch.no_grad():
        head.weight.copy_(torch.tensor([2.0, -1.0])[:, None, None, None])
        tail.weight.zero_()
        tail.weight[1, :64], tail.weight[1, 64:] = 3.0, 5.0
    tail = torch.nn.Sequential(torch.nn.Flatten(), tail)
    expected = x.double()  # 3 * 2 - 5 * 1 = 1
    for target, sign in ((1, 1), (0, -1)):
        found = relatives.grad_cam(head, tail, x.double(), torch.full((2,), target))
        assert torch.allclose(found, (sign * expected).relu(), atol=1e-12)
    half = torch.nn.Sequential(torch.nn.AvgPool2d(2), head)
    assert (
        relatives.grad_cam(
            half,
            torch.nn.Sequential(torch.nn.Upsample(scale_factor=2), tail),
            x.double(),
            torch.ones(2).long(),
        ).shape
        == x.shape
    )


def test_counterfactual_goes_uphill_and_pays_for_roughness():
    x, generator = torch.full((2, 1, 16, 16), 0.5), torch.Generator().manual_seed(0)
    weights = torch.randn(x.shape, generator=generator)
    edit = relatives.counterfactual(lambda _: weights, x, roughness=0.0, steps=3) - x
    assert torch.allclose(
        edit, 0.3 * weights / weights.flatten(1).norm(dim=1)[:, None, None, None], atol=1e-6
    )
    smooth = relatives.counterfactual(lambda _: weights, x, roughness=30.0, steps=20) - x
    rough = relatives.counterfactual(lambda _: weights, x, roughness=0.0, steps=20) - x

    def roughness(e):
        return (e.diff(dim=2).square().sum() + e.diff(dim=3).square().sum()) / e.square().sum()

    assert roughness(smooth) < 0.5 * roughness(rough) and (smooth * weights).sum() > 0
    assert (rough + x).min() >= 0 and (rough + x).max() <= 1


def test_the_price_of_roughness_is_its_gradient(images):
    e = (images(1, 1, 6, 7) - 0.5).requires_grad_()
    (e.diff(dim=2).square().sum() + e.diff(dim=3).square().sum()).backward()
    padded = torch.nn.functional.pad(e.detach(), (1, 1, 1, 1), mode="replicate")
    found = 2 * torch.nn.functional.conv2d(padded, relatives.LAPLACE.to(e))
    assert torch.allclose(found, e.grad, atol=1e-6)


def test_ranking():
    maps = torch.tensor([[[[0.1, -0.9], [0.2, 0.8]]], [[[1.0, 0.0], [0.0, 0.0]]]])
    region = torch.tensor([[[[False, True], [False, True]]], [[[False, True], [True, False]]]])
    assert relatives.ranking(maps, region).tolist() == [1.0, 0.25]


def test_edits_end_at_the_distance(images):
    x = 0.5 * images(3, 1, *SHAPE, dtype=torch.float32)
    direction = images(3, 1, *SHAPE, dtype=torch.float32) - 0.5
    moved = relatives.along(direction, x, 1.5)
    assert torch.allclose((moved - x).flatten(1).norm(dim=1), torch.tensor(1.5), atol=1e-3)
    assert (moved >= 0).all() and (drawing.cosine(moved - x, direction) > 0.9).all()
