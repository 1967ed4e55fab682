"""The linear interpreter: exact on every unit, equal to the double batch of the paper, and never silent."""

import ast
import copy
from collections import namedtuple
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from steerlens_lessons.l10_linear import scope
from torch import nn

import steerlens.linear
from steerlens.linear import LinearInterpreter, rules
from steerlens.linear.freezing import unit_name
from steerlens.linear.trees import tensors_in, with_tensors

RGB = (3, 8, 8)


class Fn(nn.Module):
    """A module that does what a function of tensors says."""

    def __init__(self, function, *parts):
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(parts)

    def forward(self, *tensors):
        return self.function(*self.parts, *tensors)


class Product(nn.Module):
    """gate * signal."""

    def forward(self, gate, signal):
        return gate * signal


class Attend(nn.Module):
    """softmax(q k^T / sqrt(d)) v."""

    def forward(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v)


def attend_on_probe(unit, q0, q1, k0, k1, v0, v1):
    return (q0 @ k0.mT / q0.shape[-1] ** 0.5).softmax(-1) @ v1


SCOPES = {Product: lambda unit, g0, g1, x0, x1: g0 * x1, Attend: attend_on_probe}


class Skip(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


class Concat(nn.Module):
    def __init__(self, *bodies):
        super().__init__()
        self.bodies = nn.ModuleList(bodies)

    def forward(self, x):
        return torch.cat([body(x) for body in self.bodies], 1)


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        squeeze = nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, 2, 1), nn.ReLU(), nn.Conv2d(2, channels, 1)
        self.gate, self.product = nn.Sequential(*squeeze, nn.Sigmoid()), Product()

    def forward(self, x):
        return self.product(self.gate(x), x)


class Transformer(nn.Module):
    """A small ViT: patches, class token, positions, two pre-norm blocks, class scores."""

    def __init__(self, width=12, classes=5):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.places = nn.Parameter(torch.randn(1, 5, width))
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "norm": nn.LayerNorm(width),
                    "qkv": nn.Linear(width, 3 * width),
                    "attend": Attend(),
                    "out": nn.Linear(width, width),
                    "mlp": nn.Sequential(
                        nn.LayerNorm(width), nn.Linear(width, 20), nn.GELU(), nn.Linear(20, width)
                    ),
                }
            )
            for _ in range(2)
        )
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).mT
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        for block in self.blocks:
            heads = block["qkv"](block["norm"](x)).unflatten(-1, (3, 2, -1)).movedim(-3, 0)
            q, k, v = (part.transpose(1, 2) for part in heads)
            x = x + block["out"](block["attend"](q, k, v).transpose(1, 2).flatten(2))
            x = x + block["mlp"](x)
        return self.head(x[:, 0])


def conv(before, after, *args, **kwargs):
    return nn.Conv2d(before, after, 3, *args, padding=1, **kwargs)


def around(*units):
    return nn.Sequential(conv(3, 4), *units, conv(4, 3))


UNITS = {
    "convolution": lambda: nn.Sequential(conv(3, 4, stride=2), nn.ConvTranspose2d(4, 2, 2, 2)),
    "linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 7), nn.ReLU(), nn.Linear(7, 3)),
    "batch norm": lambda: around(nn.BatchNorm2d(4)),
    "ReLU": lambda: around(nn.ReLU(inplace=True)),
    "leaky ReLU": lambda: around(nn.LeakyReLU(0.2)),
    "max pool": lambda: around(nn.MaxPool2d(3, 2, 1)),
    "average pool": lambda: around(nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(3)),
    "skip": lambda: Skip(around(nn.ReLU())),
    "concat": lambda: Concat(around(nn.ReLU()), conv(3, 2)),
    "upsampling": lambda: around(nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=2, mode="bicubic")),
    "pixel shuffle": lambda: around(nn.ReLU(), conv(4, 16), nn.PixelShuffle(2)),
    "SiLU": lambda: around(nn.SiLU()),
    "GELU": lambda: around(nn.GELU()),
    "tanh": lambda: around(nn.Tanh()),
    "sigmoid": lambda: around(nn.Sigmoid()),
    "instance norm": lambda: around(nn.InstanceNorm2d(4, affine=True), nn.ReLU()),
    "group norm": lambda: around(nn.GroupNorm(2, 4)),
    "layer norm": lambda: around(nn.LayerNorm([4, 8, 8])),
    "squeeze and excite": lambda: around(nn.ReLU(), SqueezeExcite(4)),
    "transformer": Transformer,
}


def made(name):
    """A unit's network with random weights, running statistics included, in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = UNITS[name]().double()
        for tensor in [*model.parameters(), *model.buffers()]:
            if tensor.is_floating_point():
                tensor.data.copy_(0.5 * torch.randn_like(tensor))
        for name, buffer in model.named_buffers():
            if name.endswith("running_var"):
                buffer.data.abs_().add_(0.5)
        return model.eval()


def randn(*size, seed=0):
    return torch.randn(*size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", UNITS)
def test_exact_and_equal_to_the_double_batch(name, tolerance):
    model, x0, eps = made(name), randn(1, *RGB), tolerance[torch.float64]
    interpreter = LinearInterpreter(model, x0, chunk=2)
    with torch.no_grad():
        expected = model(x0)
    scale = expected.abs().max()
    assert (interpreter(x0) - expected).abs().max() <= eps * scale

    v, u = randn(3, *RGB, seed=1), randn(3, *expected.shape[1:], seed=2)
    forward, back = interpreter.apply(v), interpreter.transpose(u)
    inner = (u * forward).sum()
    assert abs(inner - (back * v).sum()) <= eps * (u.norm() * forward.norm())

    twice = scope.scoped(model, SCOPES)
    y0, residual = scope.double_batch(twice, x0, torch.zeros_like(x0))
    assert (y0 - expected).abs().max() <= eps * scale
    assert (residual - interpreter.residual).abs().max() <= eps * scale
    for probe, image in zip(v.split(1), forward.split(1), strict=True):
        y1 = scope.double_batch(twice, x0, probe)[1]
        assert (y1 - residual - image).abs().max() <= eps * scale.clamp(min=image.abs().max())
        assert (y1 - interpreter(probe)).abs().max() <= eps * scale.clamp(min=image.abs().max())

    parts = interpreter.contributions()
    assert abs(parts.input + parts.residual - parts.scores) <= eps * scale
    assert parts.residual == pytest.approx(interpreter.residual.flatten()[parts.entries].numpy(), abs=1e-10)


@pytest.mark.parametrize("name", ["convolution", "batch norm", "ReLU", "leaky ReLU", "max pool", "skip"])
def test_piecewise_linear_networks_have_their_jacobian_frozen(name):
    model, x0 = made(name), randn(1, *RGB)
    expected = torch.autograd.functional.jacobian(model, x0).view(-1, x0.numel())
    assert torch.allclose(LinearInterpreter(model, x0).matrix(), expected, rtol=0, atol=1e-12)


def test_rows_and_columns_are_those_of_the_matrix():
    for model in (made("instance norm"), made("linear")):
        interpreter = LinearInterpreter(model, randn(1, *RGB), chunk=5)
        matrix = interpreter.matrix()
        rows, columns = interpreter.row([0, 2]), interpreter.column(torch.tensor([5, 11]))
        assert rows.shape == (2, *RGB) and columns.shape == (2, *interpreter.output.shape[1:])
        assert torch.allclose(rows.flatten(1), matrix[[0, 2]], atol=1e-13)
        assert torch.allclose(columns.flatten(1).T, matrix[:, [5, 11]], atol=1e-13)
        assert torch.equal(interpreter.row(2), rows[1:])


FUNCTIONS = {
    "F.relu": (lambda c, x: F.relu(c(x)), nn.ReLU()),
    "clamp": (lambda c, x: c(x).clamp(min=0), nn.ReLU()),
    "in place": (lambda c, x: c(x).relu_(), nn.ReLU()),
    "x * sigmoid(x)": (lambda c, x: (y := c(x)) * torch.sigmoid(y), nn.SiLU()),
    "sigmoid(x) * x": (lambda c, x: (y := c(x)).sigmoid() * y, nn.SiLU()),
    "F.silu in place": (lambda c, x: F.silu(c(x), inplace=True), nn.SiLU()),
    "F.gelu": (lambda c, x: F.gelu(c(x)), nn.GELU()),
    "F.hardsigmoid": (
        lambda c, x: F.hardsigmoid(c(x)) - 0.5,
        nn.Sequential(nn.Hardtanh(-3, 3), Fn(lambda x: x / 6)),
    ),
    "torch.tanh": (lambda c, x: torch.tanh(c(x)), nn.Tanh()),
    "F.instance_norm": (lambda c, x: F.instance_norm(c(x)), nn.InstanceNorm2d(4)),
    "augmented": (lambda c, x: F.relu(c(x)).mul(2).add_(1) - 1, nn.Sequential(nn.ReLU(), conv(4, 4))),
    "batch statistics": (
        lambda c, x: F.batch_norm(c(x), None, None, training=True),
        nn.InstanceNorm2d(4),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functional_calls_are_frozen_like_their_modules(name):
    function, module = FUNCTIONS[name]
    torch.manual_seed(0)
    convolution = conv(3, 4).double()
    if name == "augmented":
        with torch.no_grad():
            module[1].weight.zero_()[range(4), range(4), 1, 1] = 2
            module[1].bias.zero_()
    x0, v = randn(1, *RGB), randn(2, *RGB, seed=1)
    found = LinearInterpreter(Fn(function, convolution), x0)
    expected = LinearInterpreter(nn.Sequential(convolution, module.double()), x0)
    assert torch.allclose(found.apply(v), expected.apply(v), atol=1e-12)
    assert torch.allclose(found.residual, expected.residual, atol=1e-12)


def test_reused_modules_are_frozen_at_each_use():
    relu, first, second = nn.ReLU(), conv(3, 3).double(), conv(3, 3).double()
    reused = nn.Sequential(first, relu, second, relu, first, relu)
    apart = copy.deepcopy(nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Sequential(first), nn.ReLU()))
    x0, v = randn(1, *RGB), randn(2, *RGB, seed=1)
    found, expected = (LinearInterpreter(model, x0) for model in (reused, apart))
    assert torch.allclose(found.apply(v), expected.apply(v), atol=1e-14)
    parts = found.contributions()
    assert parts.layers == ("0 conv2d", "2 conv2d")  # both uses of a layer together
    assert parts.input + parts.residual == pytest.approx(parts.scores.numpy(), abs=1e-13)


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda x: F.softplus(x), "'softplus'"),
        (lambda x: x + x.exp(), "'exp'"),
        (lambda x: x**2, "'pow'"),
        (lambda x: x * x, "'mul' of two signals, neither of them a mask"),
        (lambda x: x.flatten(2) @ x.flatten(2).mT, "'matmul' of two signals"),
        (lambda x: F.log_softmax(x, 1), "'log_softmax'"),
        (lambda x: torch.fft.fft2(x).abs(), "'fft2'"),
        (lambda x: (x * x).mean(), "'mul'"),
        (
            lambda x: F.conv2d(x, x.mean((2, 3))[:, :, None, None]),
            "'conv2d' whose weights depend on the input",
        ),
        (lambda x: F.layer_norm(x, [8], x[0, 0, 0]), "'layer_norm' whose weights depend on the input"),
    ],
)
def test_a_unit_without_a_rule_is_named(function, named):
    model = nn.Sequential(nn.Identity(), Fn(function))
    with pytest.raises(NotImplementedError, match=r"model: expected units with a freeze rule") as error:
        LinearInterpreter(model, randn(1, *RGB))
    assert named in str(error.value) and "in layer '1'" in str(error.value)


def test_a_unit_outside_every_layer_is_named():
    with pytest.raises(NotImplementedError, match="got 'exp' in the model itself"):
        LinearInterpreter(Fn(lambda x: x.exp()), randn(1, *RGB))


def test_what_torch_functions_do_not_see_is_named():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, gradient):
            return 2 * gradient

    with pytest.raises(NotImplementedError, match="DoubleBackward"):
        LinearInterpreter(Fn(lambda x: Double.apply(x) + x), randn(1, *RGB))


def test_units_whose_value_is_frozen_need_no_rule():
    def manual_attention(x):
        q = x.flatten(2)
        return F.dropout((q @ q.mT / 3).softmax(-1), training=False) @ q

    def mask(x):
        return torch.where(x > 0, x, 0.1 * x) * (x.detach().exp() > 1)

    x0, v = randn(1, *RGB), randn(1, *RGB, seed=1)
    q = x0.flatten(2)
    expected = (q @ q.mT / 3).softmax(-1) @ v.flatten(2)
    assert torch.allclose(LinearInterpreter(Fn(manual_attention), x0).apply(v), expected, atol=1e-14)

    def masked_attention(x):
        q = x.flatten(2)
        return F.scaled_dot_product_attention(q, q, q, attn_mask=q[..., :3])

    assert torch.allclose(LinearInterpreter(Fn(mask), x0).apply(v), v * (x0 > 0), atol=1e-14)
    weights = (q @ q.mT / 8 + q[..., :3]).softmax(-1)
    found = LinearInterpreter(Fn(masked_attention), x0).apply(v)
    assert torch.allclose(found, weights @ v.flatten(2), atol=1e-13)


def test_multi_head_attention_is_linear_in_its_values():
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(12, 3, batch_first=True).double().eval()
    with torch.no_grad():
        attention.in_proj_bias.normal_()
    x0, v = randn(1, 5, 12), randn(2, 5, 12, seed=1)
    found = LinearInterpreter(Fn(lambda a, x: a(x, x, x, need_weights=False)[0], attention), x0)
    with torch.no_grad():
        output, weights = attention(x0, x0, x0, average_attn_weights=False)
        values = (v @ attention.in_proj_weight[24:].T).unflatten(-1, (3, 4)).transpose(1, 2)
        expected = (weights @ values).transpose(1, 2).flatten(2) @ attention.out_proj.weight.T
    assert torch.allclose(found.output, output, atol=1e-13)
    assert torch.allclose(found.apply(v), expected, atol=1e-13)


def test_a_rule_can_be_added_and_must_give_the_units_value():
    model, x0 = Fn(lambda x: F.softplus(x)), randn(1, *RGB)
    taylor = LinearInterpreter(model, x0, rules={"softplus": rules.as_is})
    assert torch.allclose(taylor.apply(x0), x0 * x0.sigmoid(), atol=1e-14)
    wrong = {"softplus": lambda function, x: x}
    with pytest.raises(ValueError, match=r"rules: expected the model's own output at x0 \(Eq. 3\)"):
        LinearInterpreter(model, x0, rules=wrong)


def test_norms_with_only_the_deviation_frozen():
    frozen = dict.fromkeys(rules.NORMS, rules.standard_deviation)
    for name in ("instance norm", "group norm", "layer norm"):
        model, x0 = made(name), randn(1, *RGB)
        paper, other = LinearInterpreter(model, x0), LinearInterpreter(model, x0, rules=frozen)
        assert torch.allclose(other(x0), paper(x0), atol=1e-12)
        shift = torch.ones_like(x0)
        bias_free = copy.deepcopy(model[1:])
        assert not torch.allclose(paper.apply(x0), other.apply(x0))
        first = LinearInterpreter(bias_free[0], randn(1, 4, 8, 8), rules=frozen)
        assert first.apply(torch.ones_like(first.x0)).abs().max() < 1e-12  # a constant is subtracted
        assert paper.apply(shift).abs().max() > 1e-3


def test_theorem_1_term_by_term():
    """Contributions of a sequential network against the products Q_i b_i themselves (Eq. 7, 8, 14, 16)."""
    torch.manual_seed(0)
    layers = [nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(4, 3)]
    model = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU()))).double()
    x0, k = randn(1, 6), [0, 1, 2]
    parts = LinearInterpreter(model, x0).contributions(k)
    y, weights, biases = x0[0], [], []
    for layer in layers:
        y = layer(y)
        weights.append((y > 0)[:, None] * layer.weight)
        biases.append((y > 0) * layer.bias)
        y = y.relu()
    products = [torch.eye(3, dtype=torch.float64)]  # Q_3, Q_2, Q_1, Q_0 = F
    for weight in reversed(weights):
        products.append(products[-1] @ weight)
    expected = [q @ b for q, b in zip(products[2::-1], biases, strict=True)]
    assert torch.allclose(parts.biases, torch.stack(expected, 1), atol=1e-14)
    assert torch.allclose(parts.input, products[3] @ x0[0], atol=1e-14)
    assert parts.layers == ("0 linear", "2 linear", "4 linear")


def test_pixel_discussion_sums_to_the_score_and_votes_follow_it():
    interpreter = LinearInterpreter(made("transformer"), randn(1, *RGB), chunk=2)
    scores = interpreter.output[0]
    discussion = interpreter.pixel_discussion(range(5))
    assert discussion.shape == (5, *RGB)
    assert torch.allclose(discussion.sum((1, 2, 3)), scores, atol=1e-12)
    assert torch.equal(interpreter.pixel_votes(), discussion.sum(1).argmax(0))
    votes = interpreter.pixel_votes([1, 4])
    assert votes.shape == RGB[1:] and set(votes.unique().tolist()) <= {1, 4}
    assert torch.allclose(interpreter.pixel_discussion(), discussion[scores.argmax()][None])
    bias_free = nn.Sequential(nn.Conv2d(3, 2, 3, bias=False), nn.ReLU(), nn.Flatten()).double()
    free = LinearInterpreter(bias_free, randn(1, *RGB))
    assert torch.allclose(free.pixel_discussion([3]), free.row(3) * free.x0, atol=1e-14)


def test_the_graph_may_be_made_anew_and_the_model_is_left_as_it_was():
    model = made("batch norm").train()
    before = copy.deepcopy(model.state_dict())
    x0, u = randn(1, *RGB).requires_grad_(), randn(2, *RGB, seed=3)
    kept, fresh = (LinearInterpreter(model, x0, keep_graph=keep) for keep in (True, False))
    assert fresh._graph is None
    assert torch.allclose(kept.transpose(u), fresh.transpose(u), atol=1e-14)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert x0.grad is None and all(parameter.grad is None for parameter in model.parameters())
    assert vars(x0) == {}


def test_a_loss_sees_the_system_and_trains_the_parameters():
    """Gradients of F and r with respect to parameters, against differences of the whole interpreter's."""
    model, x0, u = made("ReLU"), randn(1, *RGB), randn(2, *RGB, seed=1)
    weight, other = model[-1].weight, randn(2, *RGB, seed=2)
    step = randn(*weight.shape, seed=3)

    def measures(view):
        return torch.stack(
            [
                view.output.square().sum(),
                view.residual.square().sum(),
                view.row([3, 50]).square().sum(),
                (other * view.apply(u)).sum(),
                view.transpose(u).abs().sum(),
            ]
        )

    for keep in (True, False):
        found = measures(LinearInterpreter(model, x0, keep_graph=keep, differentiable=True))
        slopes = [torch.autograd.grad(value, weight, retain_graph=True)[0] for value in found]
        values = []
        for sign in (1, -1):
            moved = copy.deepcopy(model)
            moved[-1].weight.data.add_(sign * 1e-6 * step)
            values.append(measures(LinearInterpreter(moved, x0)))
        expected = (values[0] - values[1]) / 2e-6
        along = torch.stack([(slope * step).sum() for slope in slopes])
        assert torch.allclose(along, expected, rtol=1e-5, atol=1e-5)
    plain = LinearInterpreter(model, x0)
    assert not plain.output.requires_grad and not plain.row(0).requires_grad


def test_only_public_names_of_torch_are_used():
    """Nothing with an underscore before it but special methods and the package's own."""
    private = []
    for path in Path(steerlens.linear.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                private += [f"{node.module}.{name.name}" for name in node.names if "._" in f".{node.module}"]
                private += [name.name for name in node.names if name.name.startswith("_")]
            elif isinstance(node, ast.Import):
                private += [name.name for name in node.names if "._" in name.name]
            elif isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                special = node.attr.startswith("__") and node.attr.endswith("__")
                own = isinstance(node.value, ast.Name) and node.value.id == "self"
                private += [] if special or own else [f"{path.name}: {node.attr}"]
    assert private == []


def test_tensors_are_found_and_replaced_within_what_holds_them():
    a, b, c = torch.arange(3.0).split(1)
    pair = namedtuple("Pair", "first second")(b, 2)
    values = ((a, [pair, None]), {"c": c, "n": slice(1)})
    assert [t.item() for t in tensors_in(values)] == [0, 1, 2]
    (first, (second, nothing)), rest = with_tensors(values, lambda tensor: tensor + 1)
    assert type(second) is type(pair) and nothing is None and rest["n"] == slice(1)
    assert [t.item() for t in (first, second.first, rest["c"])] == [1, 2, 3] and second.second == 2
    most = with_tensors(torch.eye(2).max(0), torch.Tensor.double)
    assert most.values.dtype == torch.float64 and type(most) is torch.return_types.max


def test_a_hook_of_all_modules_may_look_at_the_signal():
    seen = []
    hook = nn.modules.module.register_module_forward_pre_hook(
        lambda _, args: seen.append(args[0].requires_grad)
    )
    try:
        LinearInterpreter(made("ReLU"), randn(1, *RGB))
    finally:
        hook.remove()
    assert any(seen)


def test_names_of_units():
    assert unit_name(torch.relu_) == "relu" and unit_name(F.relu) == "relu"
    assert unit_name(torch.Tensor.__iadd__) == "iadd" and unit_name(torch.Tensor.mT.__get__) == "mT"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (lambda m, x: (m, x[0]), ValueError, r"x0: expected one input of shape \(1, ...\), got \(3, 8, 8\)"),
        (lambda m, x: (m, x.expand(2, -1, -1, -1)), ValueError, "x0: expected one input of shape"),
        (lambda m, x: (m, x.half()), TypeError, "x0: expected float32 or float64, got float16"),
        (lambda m, x: (m, x * float("nan")), ValueError, "x0: expected finite values"),
        (lambda m, x: (m, x.numpy()), TypeError, "x0: expected a torch tensor, got ndarray"),
        (lambda m, x: (torch.relu, x), TypeError, "model: expected a torch.nn.Module"),
        (lambda m, x: (Fn(lambda x: (x, x)), x), ValueError, "model: expected one tensor as output"),
        (lambda m, x: (Fn(lambda x: x.detach()), x), ValueError, "depends on the input"),
        (lambda m, x: (m, x, None, 0), ValueError, "chunk: expected an integer >= 1, got 0"),
        (lambda m, x: (m, x, None, 4, 1), TypeError, "keep_graph: expected True or False, got 1"),
        (lambda m, x: (m, x, None, 4, True, 1), TypeError, "differentiable: expected True or False, got 1"),
        (lambda m, x: (m, x, {"relu": 2}), TypeError, "rules: expected a mapping from names"),
        (lambda m, x: (m, x, [rules.as_is]), TypeError, "rules: expected a mapping from names"),
    ],
)
def test_bad_input_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        LinearInterpreter(*arguments(made("ReLU"), randn(1, *RGB)))


def test_bad_vectors_and_entries_are_refused():
    interpreter = LinearInterpreter(made("ReLU"), randn(1, *RGB))
    with pytest.raises(ValueError, match=r"v: expected shape \('n', 3, 8, 8\), got \(1, 3, 8\)"):
        interpreter.apply(randn(1, 3, 8))
    with pytest.raises(TypeError, match=r"u: expected a torch.float64 tensor, got torch.float32"):
        interpreter.transpose(randn(1, *RGB).float())
    with pytest.raises(ValueError, match="k: expected an integer from 0 to 191, got 192"):
        interpreter.row(192)
    with pytest.raises(ValueError, match="k: expected"):
        interpreter.column([])
    flat = LinearInterpreter(nn.Linear(4, 2).double(), randn(1, 4))
    with pytest.raises(
        ValueError, match=r"x0: expected an image \(1, channels, height, width\), got \(1, 4\)"
    ):
        flat.pixel_votes()
