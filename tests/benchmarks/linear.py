"""Memory and time of the linear interpreter on VGG-16 at 224x224, as ratios to one forward and backward pass.

Each case runs in a process of its own, on one thread, float32, random weights; memory is the peak of the
resident set above what the process held before the call. The yardstick is the cheapest backward pass there
is: the gradient of one score with respect to the image, parameters not among the leaves. Medians of three.
Beside it, block against power and SciPy's svds for six singular triplets of the small super-resolution
network, and how far the contributions of Theorem 1 are from the score, in float64, for torchvision's
classifiers at full size with random weights.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from functools import partial

import numpy as np
import torch
from measure import peak, report
from scipy.sparse.linalg import LinearOperator, svds
from steerlens_lessons.l10_linear.networks import load
from torchvision import models

from steerlens.linear import LinearInterpreter

CLASSIFIERS = (
    *("alexnet", "vgg16", "vgg16_bn", "resnet50", "densenet121", "squeezenet1_0", "inception_v3"),
    *("mobilenet_v2", "mobilenet_v3_large", "convnext_tiny"),
)


def case(name: str) -> dict[str, float]:
    """One of the cases on VGG-16."""
    torch.manual_seed(0)
    model, x = models.vgg16().eval().requires_grad_(False), torch.rand(1, 3, 224, 224)
    model(x)  # warm-up

    def plain() -> torch.Tensor:
        leaf = x.clone().requires_grad_()
        return torch.autograd.grad(model(leaf)[0, 0], leaf)[0]

    if name == "forward and backward":
        return peak(plain)
    interpreter = LinearInterpreter(model, x, keep_graph=False)
    actions = {
        "apply": lambda: interpreter.apply(x),
        "transpose": lambda: interpreter.row(0),
        "contributions": lambda: interpreter.contributions(0),
        "interpreter, graph kept": lambda: LinearInterpreter(model, x),
    }
    return peak(actions[name])


def by_svds(interpreter: LinearInterpreter) -> tuple[torch.Tensor, int]:
    """Six singular values by SciPy's ARPACK, and how many vectors were sent through F and back."""
    vectors = 0

    def sent(vector, through, like):
        nonlocal vectors
        vectors += 1
        return through(torch.from_numpy(vector.copy()).view_as(like)).flatten().numpy()

    there = partial(sent, through=interpreter.apply, like=interpreter.x0)
    back = partial(sent, through=interpreter.transpose, like=interpreter.output)
    shape = interpreter.output.numel(), interpreter.x0.numel()
    operator = LinearOperator(shape, matvec=there, rmatvec=back, dtype=np.float64)
    values = svds(operator, 6, tol=1e-3, v0=np.ones(shape[1]))[1]  # squared within
    return torch.from_numpy(np.sort(values)[::-1].copy()), vectors


def by_steerlens(interpreter: LinearInterpreter, method: str) -> tuple[torch.Tensor, int]:
    """The same by one of our methods."""
    found = interpreter.singular_triplets(6, method, steps=3000, tolerance=1e-6)
    return found.values, found.vectors


def triplets() -> dict[str, dict[str, float]]:
    """Six singular triplets, block against power and SciPy's ARPACK, to the same tolerance."""
    x0 = torch.rand(1, 1, 24, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    interpreter = LinearInterpreter(load("super_resolution").double(), x0)
    sigma = torch.linalg.svdvals(interpreter.matrix())[:6]
    ways = {name: partial(by_steerlens, method=name) for name in ("block", "power")}
    found = {}
    for name, way in (ways | {"SciPy's svds": by_svds}).items():
        start = time.perf_counter()
        values, vectors = way(interpreter)
        error = ((values - sigma) / sigma).abs().max().item()
        found[name] = {"seconds": time.perf_counter() - start, "vectors": vectors, "error": error}
    return found


def completeness(name: str) -> dict[str, float]:
    """|F x0 + all contributions - score| / |score| of one of torchvision's classifiers, float64."""
    torch.manual_seed(0)
    unset = {"init_weights": False} if name.startswith(("inception", "vgg")) else {}
    model = models.get_model(name, **unset).double().eval()
    for key, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if key.endswith(("bias", "running_mean")):
            tensor.data.normal_(0, 0.1)
    side = 299 if name.startswith("inception") else 224
    start = time.perf_counter()
    parts = LinearInterpreter(model, torch.randn(1, 3, side, side, dtype=torch.float64)).contributions()
    error = ((parts.input + parts.residual - parts.scores) / parts.scores).abs().item()
    return {"error": error, "seconds": time.perf_counter() - start, "terms": len(parts.layers)}


def on_vgg() -> list[dict]:
    """The cases, each the median of three processes, beside one forward and backward pass."""
    names = "forward and backward", "apply", "transpose", "contributions", "interpreter, graph kept"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    found = {}
    for name in names:
        command = [sys.executable, __file__, name]
        options = {"env": environment, "capture_output": True, "text": True, "check": True}
        answers = [json.loads(subprocess.run(command, **options).stdout) for _ in range(3)]
        found[name] = {key: statistics.median(answer[key] for answer in answers) for key in answers[0]}
    unit = found[names[0]]
    return [
        {
            "": name,
            "MiB": values["megabytes"],
            "ratio": values["megabytes"] / unit["megabytes"],
            "seconds": values["seconds"],
            "ratio of seconds": values["seconds"] / unit["seconds"],
        }
        for name, values in found.items()
    ]


def main() -> None:
    """Run all cases, print the tables and write build/benchmarks/linear.json."""
    torch.set_num_threads(1)
    tables = {
        "Linear interpreter of VGG-16 at 224x224, beside one forward and backward pass": on_vgg(),
        "Six singular triplets of the super-resolution network": [
            {"method": method, **values} for method, values in triplets().items()
        ],
        "The contributions' sum beside the score, float64": [
            {"network": name, **completeness(name)} for name in CLASSIFIERS
        ],
    }
    report("linear", tables)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(case(sys.argv[1])))
    else:
        main()
