"""Memory and time of a photograph of 2048x2048 pixels, taken apart whole or a channel at a time.

Each case runs in a process of its own; memory is the peak of the resident set above what the process held
before the call. The network, SqueezeNet with random weights, sees the photograph at 224x224; its own share is
the first row. "in channels" is what steerlens does with an image of that size unless it is told otherwise.
"""

import json
import subprocess
import sys

import torch
from measure import peak, report
from torch import Tensor, nn
from torchvision import models

import steerlens as sl

SIDE, SCALES = 2048, 5
PLENTY = 2**20  # MiB, more than any image asks for


class Small(nn.Module):
    """A network that sees every image at 224x224."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network = models.squeezenet1_0()

    def forward(self, images: Tensor) -> Tensor:
        seen = nn.functional.interpolate(images, (224, 224), mode="bilinear", antialias=True)
        return self.network(seen)


def case(name: str, side: int, memory: float | None) -> dict[str, float]:
    """One of the cases."""
    model, image = Small().eval().requires_grad_(False), torch.rand(1, 3, side, side)
    pyramid = sl.SteerablePyramid((side, side), SCALES, 4)
    pyramid.synthesize(pyramid.analyze(image[:, :1]))  # masks are made once
    asked = {"memory": memory, "progress": False}
    live = {"steps": 4, **asked}

    def gradient() -> Tensor:
        leaf = image.clone().requires_grad_()
        return torch.autograd.grad(model(leaf)[0, 1], leaf)[0]

    actions = {
        "the model's gradient": gradient,
        "there and back": lambda: pyramid.synthesize(pyramid.analyze(image)),
        "8 frozen frames": lambda: sl.extrapolate(model, image, 1, pyramid, steps=8, **asked),
        "4 live steps": lambda: sl.steer(model, image, 1, pyramid, **live),
        "4 live steps, joint": lambda: sl.steer(model, image, 1, pyramid, direction="joint", **live),
    }
    return peak(actions[name])


def row(name: str, side: int, memory: float | None) -> dict[str, object]:
    """What a new process measures."""
    command = [sys.executable, __file__, name, str(side), json.dumps(memory)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    how = "whole" if memory else "in channels" if "step" in name or "frames" in name else ""
    return {"": name, "how": how, "MiB": found["megabytes"], "seconds": found["seconds"]}


def main() -> None:
    """Run all cases, print the table and write build/benchmarks/large.json."""
    plain = [row(name, SIDE, None) for name in ("the model's gradient", "there and back")]
    moves = ("8 frozen frames", "4 live steps", "4 live steps, joint")
    rows = plain + [row(name, SIDE, memory) for name in moves for memory in (PLENTY, None)]
    report("large", {f"A photograph of {SIDE}x{SIDE}, {SCALES} scales, 4 orientations": rows})


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(case(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))))
    else:
        main()
