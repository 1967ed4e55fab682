"""Lesson 16, concepts: CRAFT against planted factors, Sobol indices that are known, and the stored tables."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import nnls
from scipy.stats import sobol_indices
from steerlens_lessons.common.activations import pooled
from steerlens_lessons.l16_concepts import (
    checks,
    controls,
    craft,
    figures,
    sobol,
    subjects,
    table,
)
from torch import nn

from steerlens import objectives
from steerlens.data import records, schematic_faces

ISHIGAMI = (0.5576, 0.4424, 0.2437)  # total indices, a = 7 and b = 0.1, from the closed form


def ishigami(masks):
    """Of inputs uniform in [0, 1], which are brought to -pi .. pi: (..., 3) to (...)."""
    x = math.pi * (2 * masks.double() - 1)
    return x[..., 0].sin() + 7 * x[..., 1].sin() ** 2 + 0.1 * x[..., 2] ** 4 * x[..., 0].sin()


def g_function(masks, a):
    """Sobol's function: product of (|4 x_i - 2| + a_i) / (1 + a_i)."""
    return (((4 * masks.double() - 2).abs() + a) / (1 + a)).prod(-1)


def g_indices(a):
    """Its total indices: 1 - the variance without input i, over the variance."""
    own = 1 / (3 * (1 + a) ** 2)
    whole = (1 + own).prod() - 1
    return own * (1 + own).prod() / (1 + own) / whole


def planted(n=60, channels=12, seed=0):
    """Rows of three directions without a common channel: A, U, W."""
    generator = torch.Generator().manual_seed(seed)
    bank = torch.zeros(3, channels)
    for k in range(3):
        bank[k, 4 * k : 4 * k + 4] = 0.2 + torch.rand(4, generator=generator)
    bank = nn.functional.normalize(bank)
    u = torch.rand(n, 3, generator=generator) * torch.tensor([3.0, 2.0, 1.0])
    return u @ bank, u, bank


@pytest.fixture
def net():
    """Grey images (n, 1, 16, 16) to two logits; layer 1 has 6 channels, layer 4 has 8."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        first = nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
        return nn.Sequential(
            *first, nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 2)
        )


def test_a_design_mixes_two_halves_of_one_sequence():
    masks = sobol.design(3, 16, seed=1)
    assert masks.shape == (5, 16, 3) and (masks >= 0).all() and (masks <= 1).all()
    for i in range(3):
        same = masks[2 + i] == masks[0]
        assert same[:, [j for j in range(3) if j != i]].all() and torch.equal(
            masks[2 + i][:, i], masks[1][:, i]
        )
    assert torch.equal(masks, sobol.design(3, 16, seed=1)) and not torch.equal(
        masks, sobol.design(3, 16, seed=2)
    )
    cells = (masks[0] * 16).long().sort(0).values  # a balanced sequence has one point in each sixteenth
    assert torch.equal(cells, torch.arange(16)[:, None].expand(16, 3))


def test_total_indices_of_functions_whose_indices_are_known():
    found = sobol.jansen(ishigami(sobol.design(3, 4096)))
    assert found.numpy() == pytest.approx(ISHIGAMI, abs=0.02)
    a = torch.tensor([0.0, 1.0, 4.5, 9.0], dtype=torch.float64)
    found = sobol.jansen(g_function(sobol.design(4, 4096), a))
    assert found.numpy() == pytest.approx(g_indices(a).numpy(), abs=0.02)


def test_jansen_is_the_estimator_of_scipy():
    values = ishigami(sobol.design(3, 64)).numpy()
    blocks = {"f_A": values[0][None], "f_B": values[1][None], "f_AB": values[2:, None]}
    theirs = sobol_indices(func=blocks, n=64).total_order
    assert sobol.jansen(torch.tensor(values)).numpy() == pytest.approx(theirs.ravel(), rel=1e-10)


def test_total_indices_of_a_sum_are_shares_of_squares_and_of_a_constant_nothing():
    weights = torch.tensor([3.0, -2.0, 0.0, 1.0], dtype=torch.float64)
    found = sobol.jansen(sobol.design(4, 2048).double() @ weights)
    assert found.numpy() == pytest.approx((weights**2 / (weights**2).sum()).numpy(), abs=0.01)
    assert torch.equal(sobol.jansen(torch.ones(5, 8)), torch.zeros(3))


def test_importance_of_a_linear_score_is_known():
    generator = torch.Generator().manual_seed(0)
    maps, bank = torch.rand(2, 3, 4, 4, generator=generator), torch.rand(3, 6, generator=generator)
    weights = torch.randn(6, 4, 4, generator=generator)
    found = sobol.importance(lambda a: (a * weights).flatten(1).sum(1), maps, bank, sobol.design(3, 1024))
    parts = torch.einsum("nkhw,kc,chw->nk", maps, bank, weights)
    expected = parts**2 / (parts**2).sum(1, keepdim=True)
    assert found.shape == (2, 3) and torch.allclose(found.float(), expected, atol=0.02)


def test_crops_lie_within_images_and_a_whole_one_is_the_image(images):
    x = images(3, 2, 12, 12, dtype=torch.float32)
    crops, corners = craft.random_crops(x, 4, 6, seed=1)
    assert crops.shape == (12, 2, 12, 12) and (corners >= 0).all() and (corners <= 6).all()
    assert crops.min() >= x.min() and crops.max() <= x.max()
    whole, corners = craft.random_crops(x, 1, 12)
    assert torch.allclose(whole, x, atol=1e-6) and (corners == 0).all()
    again = craft.crops_at(x, torch.tensor([1]), torch.tensor([[3.0, 5.0]]), 6)
    by_hand = nn.functional.interpolate(x[1:2, :, 3:9, 5:11], (12, 12), mode="bilinear")
    assert torch.allclose(again[..., 1:-1, 1:-1], by_hand[..., 1:-1, 1:-1], atol=1e-5)


def test_pooled_activations_are_means_over_places(net, images):
    x = images(70, 1, 16, 16, dtype=torch.float32)
    expected = net[:5](x).mean((2, 3))
    assert torch.allclose(pooled(net, "4", x), expected, atol=1e-6)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_factorisation_finds_planted_directions_and_nothing_negative(seed):
    rows, _, bank = planted()
    found, directions = craft.factorised(rows, 3, seed)
    assert (found >= 0).all() and (directions >= 0).all()
    assert torch.allclose(directions.norm(dim=1), torch.ones(3), atol=1e-5)
    energy = found.square().sum(0)
    assert (energy[:-1] >= energy[1:]).all()
    assert craft.explained(rows, found, directions) > 0.98
    assert craft.matched(bank, directions).min() > 0.97
    assert craft.matched(bank, directions[[2, 0, 1]]).min() > 0.97  # whatever the order


def test_more_concepts_explain_more():
    rows = planted(seed=3)[0] + 0.1 * torch.rand(60, 12, generator=torch.Generator().manual_seed(1))
    shares = [craft.explained(rows, *craft.factorised(rows, k)) for k in (1, 2, 3, 5)]
    assert shares == sorted(shares) and shares[-1] > 0.97


def test_with_a_fixed_bank_coefficients_are_those_of_non_negative_least_squares():
    generator = torch.Generator().manual_seed(2)
    rows, bank = torch.rand(20, 8, generator=generator), torch.rand(4, 8, generator=generator)
    rows[::2] *= torch.rand(8, generator=generator) < 0.4
    found = craft.coefficients(rows, bank)
    theirs = np.stack([nnls(bank.T.double().numpy(), row.double().numpy())[0] for row in rows])
    ours, best = (
        (rows.double() - torch.as_tensor(u).double() @ bank.double()).square().sum() for u in (found, theirs)
    )
    assert best <= ours + 1e-9 and ours / best < 1.001
    assert (found >= 0).all()


def test_maps_reproduce_a_layer_that_factorises_exactly():
    _, u, bank = planted(n=2 * 5 * 4)
    maps = u.unflatten(0, (2, 5, 4)).movedim(-1, 1)
    activations = torch.einsum("nkhw,kc->nchw", maps, bank)
    found = craft.coefficient_maps(activations, bank)
    assert found.shape == (2, 3, 5, 4) and torch.allclose(found, maps, atol=0.03)
    rebuilt = torch.einsum("nkhw,kc->nchw", found, bank)
    assert (rebuilt - activations).square().sum() < 1e-3 * activations.square().sum()


def test_implicit_coefficients_have_the_gradient_of_finite_differences():
    generator = torch.Generator().manual_seed(4)
    rows, bank = (
        torch.rand(6, 8, generator=generator).double(),
        torch.rand(4, 8, generator=generator).double(),
    )

    def solved(a):
        return torch.tensor(np.stack([nnls(bank.T.numpy(), row.numpy())[0] for row in a]))

    free = rows.clone().requires_grad_()
    u = craft.implicit(free, bank, solved(rows))
    assert torch.allclose(u.detach(), solved(rows), atol=1e-9) and (u == 0).any() and (u > 0).any()
    along, weights = (torch.randn(6, n, generator=generator).double() for n in (8, 4))
    (gradient,) = torch.autograd.grad((u * weights).sum(), free)
    step = 1e-6
    ends = [(solved(rows + sign * step * along) * weights).sum() for sign in (1, -1)]
    assert (gradient * along).sum().item() == pytest.approx(
        ((ends[0] - ends[1]) / (2 * step)).item(), rel=1e-5
    )


def test_pixels_that_a_layer_does_not_see_have_no_gradient(net, images):
    x = images(2, 1, 16, 16, dtype=torch.float32)
    bank = torch.rand(3, 8, generator=torch.Generator().manual_seed(0))
    gradient = craft.pixel_gradients(net, "4", x, bank, 1)
    assert gradient.shape == x.shape and gradient.isfinite().all() and gradient.abs().sum() > 0
    assert not any(p.grad is not None for p in net.parameters())


def test_recursion_finds_planted_sub_concepts():
    """Two channels of an early layer are one channel later: the concept is both, sub-concepts are each."""
    model = nn.Sequential(
        nn.Conv2d(2, 2, 1, bias=False), nn.ReLU(), nn.Conv2d(2, 2, 1, bias=False), nn.ReLU()
    )
    with torch.no_grad():
        model[0].weight.copy_(torch.eye(2)[..., None, None])
        model[2].weight.copy_(torch.tensor([[1.0, 1.0], [0.0, 0.0]])[..., None, None])
    generator = torch.Generator().manual_seed(0)
    x = 0.05 * torch.rand(200, 2, 4, 4, generator=generator)
    kind = torch.arange(200) % 10  # of ten, one has much of channel 0 and one of channel 1
    x[kind == 3, 0] += 1
    x[kind == 7, 1] += 1
    strength = pooled(model, "3", x)[:, 0]
    chosen, parts, bank = craft.recursion(model, "1", x, strength, concepts=2, share=0.2)
    assert set(kind[chosen].tolist()) == {3, 7} and len(chosen) == 40
    assert craft.matched(bank, torch.eye(2)).min() > 0.99
    assert ((parts.argmax(1) == parts.argmax(1)[kind[chosen] == 3][0]) == (kind[chosen] == 3)).all()


def test_deletion_ends_where_nothing_but_the_rest_is_left():
    _, u, bank = planted(n=2 * 3 * 3)
    maps = u.unflatten(0, (2, 3, 3)).movedim(-1, 1)
    activations = torch.einsum("nkhw,kc->nchw", maps, bank)
    score = lambda a: a.flatten(1).sum(1)  # noqa: E731
    found = craft.deletion(score, activations, maps, bank, torch.tensor([2, 0, 1]))
    assert found.shape == (2, 4) and torch.allclose(found[:, 0], score(activations))
    assert (found.diff(dim=1) <= 0).all() and torch.allclose(found[:, -1], torch.zeros(2), atol=1e-4)


def test_worth_is_what_the_score_loses_without_a_direction(net, images):
    x, how = images(5, 1, 16, 16, dtype=torch.float32), {"steps": 1}
    rest, sizes = nn.Sequential(*net[5:]), (8, 4, 3)
    subject = subjects.Subject(net, "4", "1", rest, (1,), x, "none", *sizes, lambda: x, how, x.__getitem__)
    activations, bank = net[:5](x).detach(), torch.eye(8)[[6, 0, 2]]
    maps = craft.coefficient_maps(activations, bank)
    found = controls.worth(subject, activations, maps, bank)
    without = activations.clone()
    without[:, 0] = 0
    expected = subject.score(activations) - subject.score(without)
    assert found.shape == (3, 5) and torch.allclose(found[1], expected, atol=1e-3)
    risen = controls.risen(subject, bank, x, maps)
    assert torch.allclose(risen.mean(0), torch.ones(3), atol=1e-3)


def test_log_odds_of_one_of_two_classes_and_of_a_group():
    logits = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))
    p = logits.softmax(1)[:, [1, 4]].sum(1)
    assert torch.allclose(subjects.log_odds(logits, (1, 4)), (p / (1 - p)).log(), atol=1e-5)
    assert torch.allclose(subjects.log_odds(logits[:, :2], (1,)), logits[:, 1] - logits[:, 0], atol=1e-6)


def test_shuffled_networks_keep_the_weights_and_forget_their_order(net, images):
    x = images(8, 1, 16, 16, dtype=torch.float32)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), *net[1:2]).eval()
    twin = subjects.shuffled(model, x)
    for name, weights in model.named_parameters():
        other = twin.get_parameter(name)
        assert torch.equal(weights.flatten().sort().values, other.flatten().sort().values)
    assert not torch.equal(model[0].weight, twin[0].weight) and not twin.training and not twin[1].training
    assert twin[:2](x).mean().abs() < 0.5 and torch.equal(model[1].running_mean, torch.zeros(4))


def test_rest_of_each_network_goes_on_where_the_layer_ends(monkeypatch, tmp_path):
    monkeypatch.setenv("STEERLENS_DATA", str(tmp_path))
    monkeypatch.setattr("steerlens.imagenet.pretrained", lambda: None)
    with pytest.warns(UserWarning) if False else monkeypatch.context():
        for subject in (subjects.happy_faces(), subjects.photographs()):
            x = subject.images[:4]
            a = objectives.activations(subject.model, x, subject.layer)
            assert torch.allclose(subject.rest(a), subject.model(x), atol=1e-4)
            assert (subject.score(a) > 0).all() and (a >= 0).all()
            earlier = objectives.activations(subject.model, x, subject.earlier)
            assert (earlier >= 0).all() and earlier.shape[-1] >= a.shape[-1]


def test_the_mean_of_indices_lies_within_its_interval():
    indices = torch.rand(4, 30, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 0.1, 0])
    found = sobol.averaged(indices)
    assert [e.value for e in found] == pytest.approx(indices.mean((0, 1)).tolist(), rel=1e-5)
    assert found[0].low < found[0].value < found[0].high and found[2].low == found[2].high == 0
    assert found[0].high - found[0].low > 5 * (found[1].high - found[1].low)


def test_other_banks_explain_as_they_must():
    rows, _, bank = planted()
    activations = rows[:54].unflatten(0, (6, 3, 3)).movedim(-1, 1)
    whole = controls.rebuilt(activations, bank)
    assert torch.allclose(whole, activations, atol=0.02)
    banks = controls.other_banks(rows, 3)
    assert len(banks) == 3 and all(b.shape == (3, 12) and (b >= 0).all() for b in banks.values())
    kept = controls.rebuilt(activations, banks["strongest channels"])
    strongest = banks["strongest channels"].sum(0) > 0
    assert torch.allclose(kept[:, strongest], activations[:, strongest], atol=0.02)
    assert (kept[:, ~strongest] == 0).all()
    assert torch.allclose(controls.principal(activations, rows, 3), activations, atol=1e-4)


def test_heat_shines_where_it_is_large():
    image, heat = torch.full((1, 8, 8), 0.5), torch.zeros(4, 4)
    heat[0, 0] = 1
    shown = figures.glowing(image, heat, 1.0)
    assert shown.shape == (3, 8, 8) and shown[0, 0, 0] > shown[2, 0, 0] + 0.1
    assert torch.allclose(shown[:, -1, -1], torch.full((3,), 0.375)) and shown.max() <= 1


def test_check_total_index(says, tells, solved):
    values = ishigami(sobol.design(3, 64))
    tells(checks.check_total_index, values, 0)
    variance = values[:2].var(correction=0)
    solution = ((values[0] - values[2]) ** 2).mean() / (2 * variance)
    assert says(checks.check_total_index, solution, values, 0) == "Right"
    assert "Right" in solved("16", 1, y=values)


def test_check_without(says, tells, solved):
    rows, u, bank = planted(n=9)
    maps, activations = (each.T.unflatten(1, (3, 3))[None] for each in (u, rows))
    bank = torch.nn.functional.normalize(bank + 0.2)
    tells(checks.check_without, activations, maps, bank, 1)
    solution = (activations - maps[:, 1, None] * bank[1, :, None, None]).clamp(min=0)
    assert says(checks.check_without, solution, activations, maps, bank, 1) == "Right"
    assert "Right" in solved("16", 2, some=activations, maps=maps, bank=bank)


def test_check_explained(says, tells, solved):
    generator = torch.Generator().manual_seed(0)
    A, U, W = (torch.rand(shape, generator=generator) for shape in ((9, 6), (9, 3), (3, 6)))
    left = ((A - 0.3 * U[:, :2] @ W[:2]).square().sum() / A.square().sum()).item()
    case = (A, 0.3 * U[:, :2], W[:2])
    assert says(checks.check_explained, 1 - left, *case) == "Right"
    for wrong in (left, 1 - left**0.5, 100 * (1 - left), None):
        assert says(checks.check_explained, wrong, *case) == "Not yet"
    tells(checks.check_explained, *case)
    assert "Right" in solved("16", 3, A=A, U=0.3 * U, W=W)


TABLES = sorted(path.stem for path in records.committed("results").glob("craft-*.json"))


@pytest.mark.parametrize("name", TABLES)
def test_stored_tables_are_what_their_records_vouch_for(name):
    path = records.committed("results") / f"{name}.safetensors"
    record = records.checked(path, table.REMEDY)
    found = table.safetensors.torch.load_file(path)
    concepts, channels = found["bank"].shape
    assert record["crops"] == found["crops"] and record["seen"] <= record["images"]
    assert all((found[kind] >= 0).all() for kind in ("bank", "seeds", "halves", "indices", "sub_bank"))
    assert torch.allclose(found["bank"].norm(dim=1), torch.ones(concepts), atol=1e-4)
    assert found["halves"].shape == (2, concepts, channels) and len(found["drawings"]) == concepts
    assert found["owners"].max() < record["images"] and found["indices"].shape[::2] == (4, concepts)
    assert ((found["explained"] > 0) & (found["explained"] <= 1)).all()


def test_there_is_a_table_of_the_faces_of_the_photographs_and_of_the_stand_in():
    assert len(TABLES) == 3 and sum("faces" in name for name in TABLES) == 1


def test_a_subject_without_a_table_is_computed_at_once(net):
    """Of a small network and few images everything is there, with the same names as in the tables."""
    images = schematic_faces(12, seed=5).images[:, :, 16:32, 16:32].contiguous()
    rest, how = nn.Sequential(*net[5:]), {"steps": 2, "crops": 2, "size": 16, "progress": False}
    sizes = (8, 4, 2)
    subject = subjects.Subject(
        net, "4", "1", rest, (1,), images, "none", *sizes, lambda: images, how, images.__getitem__
    )
    found = table.stored(subject)
    shown = table.strongest_crops(subject, found, 3)
    assert len(shown) == 2 and shown[0].shape == (3, 1, 16, 16)
    path = records.committed("results") / f"{TABLES[0]}.safetensors"
    assert set(found) == set(table.safetensors.torch.load_file(path))
    assert found["drawings"].shape == (2, 1, 16, 16) and found["owners"].max() < len(images)
