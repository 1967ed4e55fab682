"""Bad input: one clear error at every boundary, before anything changes. Zeros and extremes stay finite."""

import copy
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import steerlens as sl
from steerlens import plot
from steerlens.classifiers.training import accuracy, fit
from steerlens.data import ImageData
from steerlens.plot.widgets import frame_slider

NAN, INF = float("nan"), float("inf")
SHAPE = HEIGHT, WIDTH = 12, 16
CLASSES = 3
AMPLITUDES = ["constant", "compounded", "linear"]
OBJECTIVES = ["log_probability", "logit", "margin"]
REGIMES = ["live", "persistent"]
DIRECTIONS = ["phase", "wirtinger", "joint"]


class Wrapped(nn.Module):
    """A module around NET that does what a function says."""

    def __init__(self, function: Callable):
        super().__init__()
        self.function, self.inner = function, NET

    def forward(self, images):
        return self.function(images)


def raising(error: BaseException, call: int = 1) -> nn.Module:
    """A model that works until the given call, and then raises."""
    calls = []

    def function(images):
        calls.append(1)
        if len(calls) >= call:
            raise error
        return NET(images)

    return Wrapped(function)


def network(channels: int = 1, dtype: torch.dtype = torch.float32) -> nn.Sequential:
    """A small classifier in which not every module is in the same mode."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [
            nn.Conv2d(channels, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.Tanh(),
            nn.Dropout(),
            nn.Flatten(),
        ]
        model = nn.Sequential(*layers, nn.Linear(4 * HEIGHT * WIDTH, CLASSES)).to(dtype)
    model[1].eval()
    return model


def random_images(*size: int) -> torch.Tensor:
    return torch.rand(*size, generator=torch.Generator().manual_seed(0))


def with_pixel(value: float) -> torch.Tensor:
    images = IMAGES.clone()
    images[1, 0, 3, 4] = value
    return images


def with_scale(scale: int, change: Callable) -> sl.Coefficients:
    """The pyramid's coefficients with one band changed."""
    bands = list(COEFFICIENTS.bands)
    bands[scale] = change(bands[scale])
    return sl.Coefficients(tuple(bands), COEFFICIENTS.residuals)


def with_residual(number: int, change: Callable) -> sl.Coefficients:
    residuals = list(COEFFICIENTS.residuals)
    residuals[number] = change(residuals[number])
    return sl.Coefficients(COEFFICIENTS.bands, tuple(residuals))


NET, IMAGES = network(), random_images(2, 1, *SHAPE)
TRANSFORMS = [sl.SteerablePyramid(SHAPE, scales=2, orientations=3), sl.Fourier(SHAPE), sl.Pixels(SHAPE)]
PYRAMID, FOURIER, PIXELS = TRANSFORMS
COEFFICIENTS = PYRAMID.analyze(IMAGES)
BAND = COEFFICIENTS.bands[0]
MORPH = sl.extrapolate(NET, IMAGES, 1, PYRAMID, alpha=5.0, steps=3, progress=False)
FLAT = nn.Sequential(nn.Flatten(), nn.Linear(HEIGHT * WIDTH, CLASSES))
RGB = random_images(2, 3, *SHAPE)
LABELLED = ImageData(random_images(4, 1, *SHAPE), torch.tensor([1, 1, 1, 1]), ("a", "b", "c"), "made up")
SEEING_B = nn.Sequential(NET, nn.Linear(CLASSES, CLASSES))
nn.init.zeros_(SEEING_B[1].weight)
SEEING_B[1].bias.data = torch.tensor([0.0, 1.0, 0.0])

each_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: type(t).__name__)


# Bad values of the arguments that several functions share: (value, what the message must name ...).
SIZE = f"{HEIGHT}, {WIDTH}"
BAD_TENSORS = [
    (IMAGES.numpy(), "torch tensor", "ndarray"),
    (IMAGES.tolist(), "torch tensor", "list"),
    (None, "torch tensor", "NoneType"),
    ((IMAGES * 255).byte(), "float32 or float64", "uint8"),
    ((IMAGES * 255).long(), "float32 or float64", "int64"),
    (IMAGES.half(), "float32 or float64", "float16"),
    (IMAGES.bfloat16(), "float32 or float64", "bfloat16"),
    (IMAGES > 0.5, "float32 or float64", "bool"),
    (IMAGES + 0j, "float32 or float64", "complex64"),
    (IMAGES[:0], "at least one image", f"(0, 1, {SIZE})"),
    (IMAGES[:, :0], "at least one image", f"(2, 0, {SIZE})"),
    (IMAGES[0], "(batch, channels, ", f"(1, {SIZE})"),
    (IMAGES[None], "(batch, channels, ", f"(1, 2, 1, {SIZE})"),
]
BAD_RGB = [
    *BAD_TENSORS,
    (IMAGES, "(batch, 3, height, width)", f"(2, 1, {SIZE})"),
    (torch.cat([IMAGES] * 4, 1), "(batch, 3, height, width)", f"(2, 4, {SIZE})"),
]
BAD_SIZES = [
    (IMAGES.mT, f"(batch, channels, {SIZE})", f"(2, 1, {WIDTH}, {HEIGHT})"),
    (IMAGES[..., :-1], f"(batch, channels, {SIZE})", f"(2, 1, {HEIGHT}, {WIDTH - 1})"),
]
BAD_RANGES = [
    (255 * IMAGES, "finite values in [0, 1]", f"{255 * IMAGES.max():.7g}"),
    (IMAGES - 2, "finite values in [0, 1]", f"[{IMAGES.min() - 2:.7g}, "),
    (with_pixel(-1e-3), "finite values in [0, 1]", "[-0.001, "),
    (with_pixel(1.001), "finite values in [0, 1]", "1.001]"),
    (with_pixel(NAN), "finite values in [0, 1]", "1 values that are not finite"),
    (with_pixel(INF), "finite values in [0, 1]", "1 values that are not finite"),
    (with_pixel(-INF), "finite values in [0, 1]", "1 values that are not finite"),
    (IMAGES * NAN, "finite values in [0, 1]", "no finite value"),
]
BAD_IMAGES = BAD_TENSORS + BAD_SIZES + BAD_RANGES
BAD_TARGETS = [
    (3, "0 to 2", "3"),
    (-1, "0 to 2", "-1"),
    ([0, 3], "0 to 2", "3"),
    (torch.tensor([1, -1]), "0 to 2", "-1"),
    ([0], "2 class indices", "(1,)"),
    ([], "2 class indices", "(0,)"),
    ([0, 1, 2], "2 class indices", "(3,)"),
    ([[0, 1]], "2 class indices", "(1, 2)"),
    (1.0, "integers", "float32"),
    ([0.0, 1.0], "integers", "float32"),
    (np.array([0.5, NAN]), "integers", "float64"),
    (NAN, "integers", "float32"),
    (1j, "integers", "complex64"),
    (True, "integers", "bool"),
    (torch.tensor([True, False]), "integers", "bool"),
    ("1", "class index", "'1'"),
    (["3", "8"], "class index", "['3', '8']"),
    (None, "class index", "None"),
    ([[0], [1, 2]], "class index", "[[0], [1, 2]]"),
    (2**70, "class index", str(2**70)),
]
BAD_OUTPUTS = [
    (None, "torch.nn.Module", "NoneType"),
    (lambda images: images, "torch.nn.Module", "function"),
    (nn.Linear, "torch.nn.Module", "type"),
    (network(channels=3), "1, 12, 16)", "3 channels"),
    (network(dtype=torch.float64), "float32", "double"),
    (raising(KeyError("layer")), "one that accepts", "KeyError: 'layer'"),
    (raising(IndexError("index 7")), "one that accepts", "IndexError: index 7"),
    (raising(AssertionError("Wrong height!")), "one that accepts", "AssertionError: Wrong height!"),
    (raising(ValueError("4D input")), "one that accepts", "ValueError: 4D input"),
    (raising(TypeError("no images")), "one that accepts", "TypeError: no images"),
    (nn.Module(), "one that accepts", "NotImplementedError"),
    (Wrapped(lambda images: NET(images).sum(1)), ", classes)", ",)"),
    (Wrapped(lambda images: NET(images)[None]), ", classes)", ", 3)"),
    (Wrapped(lambda images: NET(images)[:, :0]), ", classes)", ", 0)"),
    (Wrapped(lambda images: torch.cat([NET(images)] * 2)), ", classes)", ", 3)"),
    (Wrapped(lambda images: (NET(images), None)), "logits of shape", "tuple"),
    (Wrapped(lambda images: {"logits": NET(images)}), "logits of shape", "dict"),
    (Wrapped(lambda images: None), "logits of shape", "NoneType"),
    (Wrapped(lambda images: NET(images).argmax(1)), "logits of shape", "int64"),
    (Wrapped(lambda images: NET(images) * 1j), "logits of shape", "complex64"),
    (Wrapped(lambda images: NET(images) * NAN), "finite", "NaN or infinite"),
    (Wrapped(lambda images: NET(images) / 0), "finite", "NaN or infinite"),
]
BAD_MODELS = [
    *BAD_OUTPUTS,
    (Wrapped(lambda images: NET(images.detach())), "depends on the images", "one that does not"),
    (Wrapped(lambda images: torch.no_grad()(NET)(images)), "depends on the images", "one that does not"),
    (Wrapped(lambda images: torch.ones(len(images), 3)), "depends on the images", "one that does not"),
    (Wrapped(lambda x: NET[5].bias.expand(len(x), 3)), "depends on the images", "one that does not"),
    (Wrapped(lambda x: NET(x) + (x - x).sqrt().sum()), "finite gradient", "NaN or infinite"),
]
BAD_UNTRAINABLE = [
    (Wrapped(lambda images: NET(images).detach()), "trainable parameters", "none"),
    (copy.deepcopy(NET).requires_grad_(False), "trainable parameters", "none"),
    (nn.Flatten(), "trainable parameters", "none"),
]
BAD_TRANSFORMS = [
    (None, "Fourier((height, width))", "None"),
    ("pyramid", "Fourier((height, width))", "'pyramid'"),
    (sl.Fourier, "Fourier((height, width))", "Fourier'"),
    (nn.Identity(), "Fourier((height, width))", "Identity()"),
]


def bad_choices(choices: Sequence[str]) -> list[tuple]:
    others = ["", choices[0].upper(), "unknown", None, 0, [choices[0]]]
    return [(value, *map(repr, choices), repr(value)) for value in others]


def FIRST(logits: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """An objective of the logits alone: with one of the images, a model deaf to them would be no fault."""
    return logits[:, 0] - logits[:, 1]


BAD_FUNCTIONS = [
    (lambda logits, _: logits, "a real number for each of 2 images", "(2, 3)"),
    (lambda logits, _: logits[:1, 0], "a real number for each of 2 images", "(1,)"),
    (lambda logits, _: logits.argmax(1), "a real number", "int64"),
    (lambda logits, _: logits[:, 0] * NAN, "finite values", "NaN"),
    (lambda logits, _: 1.0, "a real number", "1.0"),
]
GOOD_VIEWS = [None, sl.Views(2, noise=0.0)]
BAD_VIEWS = [(3, "steerlens.Views or None", "int"), (sl.Views, "steerlens.Views or None", "type")]


def bad_counts(minimum: int) -> list[tuple]:
    span = f"an integer >= {minimum}"
    outside = [minimum - 1, -7]
    return [(value, span, repr(value)) for value in [*outside, 1.0, 2.5, NAN, "2", None, True, [2], 1j]]


def bad_numbers(positive: bool) -> list[tuple]:
    expected = "a finite positive number" if positive else "a finite number"
    outside = [0, 0.0, -1, -1e-9] if positive else []
    others = [NAN, INF, -INF, "1", None, True, [1.0], 1j, torch.tensor(1.0), np.ones(2)]
    huge = [(10**400, expected, "inf"), (Fraction(10**400), expected, "inf")]
    return [(value, expected, repr(value)) for value in outside + others] + huge


def bad_indices(count: int, at_least: int = 0) -> list[tuple]:
    last = f"from 0 to {count - 1}"
    empty = [([], last, "()"), (torch.ones(0), last, "()")] if at_least else []
    values = [count, -1, [0, count], [-1], torch.tensor([0, count]), np.array([count])]
    others = [0.5, True, "0", [None], ["0"], [0.0], [[0]], torch.tensor([True, False]), np.array([0.5])]
    return [(value, last) for value in values + others] + empty


BAD_SEEDS = [(value, "an integer from 0 to", repr(value)) for value in (-1, 1.5, "a", None, True, 2**70)]
BAD_CLASS_NAMES = [
    (["a"], "each of 3 classes", "['a']"),
    (["a", "b", "c", "d"], "each of 3 classes", "'d']"),
    ("abc", "each of 3 classes", "'abc'"),
    (3, "each of 3 classes", "3"),
]
BAD_MORPHS = [(None, "a Morph", "NoneType"), (MORPH.frames, "a Morph", "Tensor")]
BAD_SHAPES = [
    (12, "(height, width)", "12"),
    ((12,), "(height, width)", "(12,)"),
    ((1, 12, 16), "(height, width)", "(1, 12, 16)"),
    (None, "(height, width)", "None"),
    ((0, 16), ">= 1", "0"),
    ((12, -16), ">= 1", "-16"),
    ((12.0, 16.0), ">= 1", "12.0"),
    ("ab", ">= 1", "'a'"),
]
BAD_STEP_LISTS = [
    ([], "increasing positive numbers", "[]"),
    ([0, 1], "increasing positive numbers", "[0, 1]"),
    ([-1, 1], "increasing positive numbers", "[-1, 1]"),
    ([2, 1], "increasing positive numbers", "[2, 1]"),
    ([1, 1], "increasing positive numbers", "[1, 1]"),
    ([1, NAN], "increasing positive numbers", "nan"),
    ([1, INF], "increasing positive numbers", "inf"),
    ([[1, 2]], "increasing positive numbers", "[[1, 2]]"),
    (3.0, "increasing positive numbers", "3.0"),
    (0, "an integer >= 1", "0"),
    (-4, "an integer >= 1", "-4"),
    ("12", "increasing numbers", "'12'"),
    (None, "increasing numbers", "None"),
    (True, "increasing numbers", "True"),
    ([True], "increasing numbers", "[True]"),
    ([1j], "increasing numbers", "[1j]"),
    (torch.tensor([1j]), "increasing numbers", "1.j"),
    ({1: 2}, "increasing numbers", "{1: 2}"),
]
BAD_RESIDUALS = [
    ("free", "'linear', 'fixed'", "'free'"),
    ({"lowpass": "free"}, "'linear', 'fixed'", "'free'"),
    ({"lowpass": None}, "'linear', 'fixed'", "None"),
    ({"pixels": "fixed"}, "'highpass', 'lowpass'", "'pixels'"),
    ({1: "fixed"}, "'highpass', 'lowpass'", "1"),
    (["fixed"], "'linear', 'fixed' or a dict", "['fixed']"),
    (True, "'linear', 'fixed' or a dict", "True"),
]
BAD_AMPLIFIERS = [
    ([1.0, 2.0], "each of 1 channels", "[1.0, 2.0]"),
    ([], "each of 1 channels", "[]"),
    (2.0, "each of 1 channels", "2.0"),
    (torch.tensor(2.0), "each of 1 channels", "2.0"),
    ([NAN], "finite number", "nan"),
    (np.array([INF]), "finite number", "inf"),
    (["1"], "finite number", "'1'"),
    (torch.ones(1, 1), "finite number", "[1.0]"),
]
BAD_COEFFICIENTS = [
    (None, "Coefficients", "NoneType"),
    (IMAGES, "Coefficients", "Tensor"),
    (sl.Coefficients(BAND.unbind(2), COEFFICIENTS.residuals), "(3, 12, 16)", "[(12, 16)"),
    (sl.Coefficients(COEFFICIENTS.bands[:1], COEFFICIENTS.residuals), "(3, 6, 8)]", "[(3, 12, 16)] and"),
    (sl.Coefficients(COEFFICIENTS.bands * 2, COEFFICIENTS.residuals), "(3, 6, 8)]", "(3, 6, 8), (3, 12, 16)"),
    (sl.Coefficients(COEFFICIENTS.bands, COEFFICIENTS.residuals[:1]), "(3, 4)]", "and [(12, 16)]"),
    (FOURIER.analyze(IMAGES), "(3, 12, 16)", "(1, 12, 9)"),
    (with_scale(0, lambda band: band[..., :-1]), "(3, 12, 16)", "(3, 12, 15)"),
    (with_scale(1, lambda band: band[:, :, :2]), "(3, 6, 8)", "(2, 6, 8)"),
    (with_residual(1, lambda residual: residual.mT), "(3, 4)", "(4, 3)"),
    (with_scale(0, lambda band: band[:1]), "one (batch, channels)", "(1, 1), (2, 1)"),
    (with_scale(1, lambda band: band.expand(2, 3, -1, -1, -1)), "one (batch, channels)", "(2, 3)"),
    (with_residual(0, lambda residual: residual.repeat(2, 1, 1, 1)), "one (batch, channels)", "(4, 1)"),
    (with_scale(0, lambda band: band.real), "complex bands", "float32"),
    (with_scale(0, lambda band: band.to(torch.complex128)), "one precision", "complex128"),
    (with_residual(1, lambda residual: residual + 0j), "real residuals", "complex64"),
    (with_residual(0, lambda residual: residual.double()), "one precision", "float64"),
    (with_residual(1, lambda residual: residual.long()), "float32 or float64", "int64"),
    (COEFFICIENTS.map(torch.Tensor.numpy, torch.Tensor.numpy), "torch tensors", "ndarray"),
]


@dataclass(frozen=True)
class Boundary:
    """A public function, values of its arguments that it takes, and values that it must refuse."""

    call: Callable
    good: Mapping[str, Sequence[Any]]
    bad: Mapping[str, Sequence[tuple]]


MORPHING = {
    "model": [NET, FLAT],
    "images": [IMAGES, IMAGES[:1].expand(2, -1, -1, -1)],
    "transform": [PYRAMID],
}
TARGETS = [0, 2, [0, 1], (1, 1), torch.tensor([2, 0]), np.array([1, 2], dtype=np.int16)]
EDITING = {
    "objective": OBJECTIVES,
    "residuals": [None, "fixed", "linear", {}, {"lowpass": "fixed"}, {"highpass": "linear"}],
    "scales": [None, 0, [1], (), (0, 1), torch.tensor([0]), np.array(1)],
    "orientations": [None, 2, [0, 2], range(3)],
    "amplifiers": [None, [2.0], (0,), np.ones(1), torch.tensor([-1])],
    "memory": [None, 1e-6, 100],
    "progress": [False],
}
BAD_MORPHING = {
    "model": BAD_MODELS,
    "images": BAD_IMAGES,
    "targets": BAD_TARGETS,
    "transform": BAD_TRANSFORMS,
}
BAD_EDITING = {
    "objective": bad_choices(OBJECTIVES),
    "residuals": BAD_RESIDUALS,
    "scales": bad_indices(2),
    "orientations": bad_indices(3),
    "amplifiers": BAD_AMPLIFIERS,
    "memory": [case for case in bad_numbers(positive=True) if case[0] is not None],
}
BOUNDARIES = {
    "SteerablePyramid": Boundary(
        sl.SteerablePyramid,
        {
            "shape": [(12, 16), [31, 45], torch.Size(SHAPE)],
            "scales": [1, 2],
            "orientations": [1, np.int64(5)],
        },
        {
            "shape": BAD_SHAPES,
            "scales": [(9, "12x16", "from 1 to 3", "9"), (4, "from 1 to 3", "4")]
            + [(value, "from 1 to 3", repr(value)) for value in (0, -1, 1.0, "2", None, True)],
            "orientations": bad_counts(1),
            "padding": bad_counts(0),
        },
    ),
    "Fourier": Boundary(sl.Fourier, {"shape": [(12, 16), [1, 1]]}, {"shape": BAD_SHAPES}),
    "Pixels": Boundary(sl.Pixels, {"shape": [(12, 16), [1, 1]]}, {"shape": BAD_SHAPES}),
    "synthesize": Boundary(
        PYRAMID.synthesize,
        {"coefficients": [COEFFICIENTS, COEFFICIENTS[:1]]},
        {"coefficients": BAD_COEFFICIENTS},
    ),
    "wirtinger_gradient": Boundary(
        sl.wirtinger_gradient,
        {
            **MORPHING,
            "transform": TRANSFORMS,
            "targets": TARGETS,
            "objective": [*OBJECTIVES, FIRST],
            "views": GOOD_VIEWS,
        },
        {**BAD_MORPHING, "objective": [*bad_choices(OBJECTIVES), *BAD_FUNCTIONS], "views": BAD_VIEWS},
    ),
    "gradient_step": Boundary(
        sl.gradient_step,
        {"coefficients": [BAND], "gradient": [BAND, BAND * 0], "alpha": [1, -0.5, torch.ones(3, 1, 1)]},
        {
            "coefficients": [
                (BAND.real, "complex tensor", "float32"),
                (None, "complex tensor", "NoneType"),
                (BAND.numpy(), "complex tensor", "ndarray"),
            ],
            "gradient": [
                (BAND.real, "complex tensor", "float32"),
                (1.0, "complex tensor", "float"),
                (BAND[..., :1], "(2, 1, 3, 12, 16)", "(2, 1, 3, 12, 1)"),
            ],
            "alpha": [
                *[case for case in bad_numbers(positive=False) if not isinstance(case[0], torch.Tensor)],
                (torch.tensor([NAN]), "finite real numbers", "nan"),
                (torch.ones(1) * 1j, "finite real numbers", "1.j"),
                (torch.ones(3), "(2, 1, 3, 12, 16)", "(3,)"),
                (torch.ones(1, 1, 1, 1, 1, 1), "(2, 1, 3, 12, 16)", "(1, 1, 1, 1, 1, 1)"),
            ],
        },
    ),
    "polar_gradient": Boundary(
        sl.polar_gradient,
        {"coefficients": [BAND, BAND * 0], "gradient": [BAND]},
        {
            "coefficients": [(BAND.imag, "complex", "float32"), (BAND.numpy(), "complex", "ndarray")],
            "gradient": [(BAND.abs(), "complex", "float32"), (BAND[:1], "(2, 1, 3", "(1, 1, 3")],
        },
    ),
    "extrapolate": Boundary(
        sl.extrapolate,
        {
            **MORPHING,
            **EDITING,
            "targets": TARGETS,
            "alpha": [0, 1, -2.5, np.float32(2)],
            "steps": [1, 3, [0.5, 2], range(1, 3), torch.tensor([1.0, 4.0]), np.array([2])],
            "amplitude": AMPLITUDES,
        },
        {
            **BAD_MORPHING,
            **BAD_EDITING,
            "alpha": bad_numbers(positive=False),
            "steps": BAD_STEP_LISTS,
            "amplitude": bad_choices(AMPLITUDES),
        },
    ),
    "steer": Boundary(
        sl.steer,
        {
            **MORPHING,
            **EDITING,
            "targets": TARGETS,
            "regime": REGIMES,
            "direction": DIRECTIONS,
            "cap": [0.1, 3],
            "steps": [1, 2],
            "budget": [None, 0.5],
            "until": [None, -0.5],
            "length": [None, 0.1],
            "views": GOOD_VIEWS,
            "alpha": [0, 1.0, -3],
        },
        {
            **BAD_MORPHING,
            **BAD_EDITING,
            "regime": bad_choices(REGIMES),
            "direction": bad_choices(DIRECTIONS),
            "cap": bad_numbers(positive=True),
            "steps": bad_counts(1),
            "budget": [case for case in bad_numbers(positive=True) if case[0] is not None],
            "until": [case for case in bad_numbers(positive=False) if case[0] is not None],
            "length": [case for case in bad_numbers(positive=True) if case[0] is not None],
            "views": BAD_VIEWS,
            "alpha": bad_numbers(positive=False),
        },
    ),
    "at_distance": Boundary(
        MORPH.at_distance, {"distance": [1e-3, 1, 100.0]}, {"distance": bad_numbers(positive=True)}
    ),
    "save_gif": Boundary(
        MORPH.save_gif,
        {
            "path": ["morph.gif", "MORPH.GIF"],
            "rows": [None, 1, [1, 0]],
            "scale": [1, 3],
            "duration": [10, 80],
        },
        {
            "path": [(value, '".gif"', repr(value)) for value in ("x.jpg", "x", "", ".gif", None, 3.5)],
            "rows": bad_indices(2, at_least=1),
            "scale": bad_counts(1),
            "duration": [(value, "an integer from 10 to", str(value)) for value in (9, 0, 80.0, "80", 10**7)],
        },
    ),
    "filmstrip": Boundary(
        sl.filmstrip,
        {
            "morph": [MORPH],
            "rows": [None, 0, [1, 0]],
            "frames": [2, 9, [0, 3], np.int64(3)],
            "classes": [None, ["a", "b", "c"], (1, 2, 3)],
            "difference": [False, True],
        },
        {
            "morph": BAD_MORPHS,
            "rows": bad_indices(2, at_least=1),
            "frames": [(value, ">= 2", str(value)) for value in (1, 0, -3, True)]
            + [(value, "from 0 to 3") for value in ([], [4], [-1], 2.5, "all", [0.5])],
            "classes": BAD_CLASS_NAMES,
        },
    ),
    "pipeline": Boundary(
        plot.pipeline,
        {"model": [NET], "image": [IMAGES[:1]], "target": [1], "pyramid": [PYRAMID]},
        {
            "image": [case for case in BAD_IMAGES if case[0] is not IMAGES],
            "pyramid": BAD_TRANSFORMS,
            "alpha": bad_numbers(positive=False),
        },
    ),
    "frame_slider": Boundary(
        frame_slider,
        {"morph": [MORPH], "row": [0, 1], "classes": [None, ["a", "b", "c"]]},
        {
            "morph": BAD_MORPHS,
            "row": [(value, "from 0 to 1", repr(value)) for value in (2, -1, 0.0, True, "0", None, [0])],
            "classes": BAD_CLASS_NAMES,
        },
    ),
    "arcade": Boundary(
        sl.data.arcade,
        {
            "n": [1, 3],
            "seed": [0, 2**40],
            "size": [64, 50],
            "radius": [3, 12.5],
            "displacement": [(1, 2), [3, 10]],
        },
        {
            "n": bad_counts(1),
            "seed": BAD_SEEDS,
            "size": bad_counts(8),
            "radius": bad_numbers(positive=True),
            "displacement": [
                (3, "(smallest, largest)", "3"),
                (None, "(smallest, largest)", "None"),
                ((1, 2, 3), "(smallest, largest)", "(1, 2, 3)"),
                ((5, 2), "low <= high", "(5.0, 2.0)"),
                ((3, 40), "low <= high", "(3.0, 40.0)"),
                ((0, 3), "positive", "0"),
                ((1, NAN), "finite", "nan"),
                ("ab", "finite", "'a'"),
            ],
        },
    ),
    "digits": Boundary(
        sl.data.digits,
        {},
        {"train": [(value, "True or False", repr(value)) for value in ("test", 1, None, [True])]},
    ),
    "color_digits": Boundary(
        sl.data.color_digits,
        {"colors": [("red",), ["cyan", "blue"]], "pairs": [True, False], "seed": [0, 2**40]},
        {
            "train": [(value, "True or False", repr(value)) for value in ("test", 1, None)],
            "pairs": [(value, "True or False", repr(value)) for value in ("all", 1, None)],
            "seed": BAD_SEEDS,
            "colors": [
                ("red", "names such as", "'red'"),
                ((), "names such as", "()"),
                (None, "names such as", "None"),
                (("red", "grey"), "one of 'red', 'green'", "'grey'"),
                ((1,), "one of 'red', 'green'", "1"),
                (("red", "red"), "each name once", "('red', 'red')"),
            ],
        },
    ),
    "faces": Boundary(
        sl.data.faces,
        {},
        {"train": [(value, "True or False", repr(value)) for value in ("test", 1, None)]},
    ),
    "schematic_faces": Boundary(
        sl.data.schematic_faces, {"n": [1, 3], "seed": [0, 2**40]}, {"n": bad_counts(1), "seed": BAD_SEEDS}
    ),
    "draw_faces": Boundary(
        sl.data.draw_faces,
        {"factors": [sl.data.face_factors(2)]},
        {"factors": [({}, "'background'", "[]"), ({"smile": torch.ones(2)}, "'background'", "['smile']")]},
    ),
    "first_correct": Boundary(
        sl.evaluation.first_correct,
        {"model": [SEEING_B], "data": [LABELLED], "count": [1, 2], "name": [None, "b"]},
        {
            "model": [case for case in BAD_OUTPUTS if "12, 16)" not in case[1]],
            "data": [(None, "ImageData", "NoneType"), (IMAGES, "ImageData", "Tensor")],
            "count": [*bad_counts(1), (9, "at most", "9")],
            "name": [("z", "one of a, b, c", "'z'"), (1, "one of a, b, c", "1")],
        },
    ),
    "matched_edit": Boundary(
        sl.evaluation.matched_edit,
        {
            "model": [NET, FLAT],
            "images": [IMAGES],
            "targets": TARGETS,
            "editor": [sl.evaluation.editors(SHAPE)["pixel"]],
            "distance": [0.2],
        },
        {
            "model": BAD_MODELS,
            "images": BAD_IMAGES,
            "targets": BAD_TARGETS,
            "distance": bad_numbers(positive=True),
        },
    ),
    "warp_energy": Boundary(
        sl.evaluation.warp_energy,
        {"sources": [IMAGES], "images": [IMAGES.flip(-1)], "gain": [True, False], "steps": [1, 2]},
        {
            "sources": BAD_TENSORS,
            "images": [*BAD_TENSORS, (IMAGES[:1], "(2, 1, 12, 16)", "(1, 1, 12, 16)")],
            "gain": [(value, "True or False", repr(value)) for value in ("yes", 1, None)],
            "steps": bad_counts(1),
        },
    ),
    "rgb_to_yiq": Boundary(sl.color.rgb_to_yiq, {"images": [RGB]}, {"images": BAD_RGB}),
    "yiq_to_rgb": Boundary(sl.color.yiq_to_rgb, {"images": [RGB]}, {"images": BAD_RGB}),
    "hue": Boundary(sl.color.hue, {"images": [RGB]}, {"images": BAD_RGB}),
    "load": Boundary(
        sl.models.load,
        {"name": ["arcade"], "data": [sl.data.arcade(2)]},
        {
            "name": bad_choices(list(sl.models.RECIPES)),
            "data": [
                (None, "ImageData", "NoneType"),
                (IMAGES, "ImageData", "Tensor"),
                (sl.data.arcade(2, size=32, radius=4), "(1, 64, 64)", "(1, 32, 32)"),
                (ImageData(IMAGES, torch.tensor([0, 1]), ("a", "b"), "MNIST"), "(1, 64, 64)", "(1, 12, 16)"),
            ],
        },
    ),
    "fit": Boundary(
        fit,
        {
            "model": [NET, FLAT],
            "images": [IMAGES],
            "labels": TARGETS,
            "epochs": [1, 2],
            "batch_size": [2, 100],
            "learning_rate": [1e-3, 1],
            "shift": [0, 2],
            "mirror": [True, False],
            "adversary": [None, 0.5],
            "seed": [0, 2**40],
            "progress": [False],
        },
        {
            "model": [*BAD_OUTPUTS, *BAD_UNTRAINABLE],
            "images": BAD_TENSORS + BAD_RANGES,
            "labels": BAD_TARGETS,
            "epochs": bad_counts(1),
            "batch_size": bad_counts(1),
            "learning_rate": bad_numbers(positive=True),
            "shift": bad_counts(0),
            "mirror": [(value, "True or False", repr(value)) for value in ("yes", 1, None)],
            "adversary": [case for case in bad_numbers(positive=True) if case[0] is not None],
            "seed": BAD_SEEDS,
        },
    ),
    "accuracy": Boundary(
        accuracy,
        {"model": [NET], "images": [IMAGES], "labels": TARGETS},
        {
            "model": [case for case in BAD_OUTPUTS if "finite" not in case[1]],
            "images": BAD_TENSORS,
            "labels": [case for case in BAD_TARGETS if case[1] != "0 to 2"],
        },
    ),
}
for transform in TRANSFORMS:
    BOUNDARIES[f"{type(transform).__name__}.analyze"] = Boundary(
        transform.analyze, {"images": [IMAGES, 9 * IMAGES - 4]}, {"images": BAD_TENSORS + BAD_SIZES}
    )
for transform in (FOURIER, PIXELS):
    BOUNDARIES[f"{type(transform).__name__}.synthesize"] = Boundary(
        transform.synthesize,
        {"coefficients": [transform.analyze(IMAGES)]},
        {"coefficients": BAD_COEFFICIENTS[:2]},
    )
CALLED = {"image": "images", "pyramid": "transform"}  # by messages


@pytest.fixture(autouse=True)
def in_a_new_folder(tmp_path_factory, monkeypatch):
    """save_gif's good calls write somewhere."""
    folder = tmp_path_factory.mktemp("pictures")
    monkeypatch.chdir(folder)
    return folder


def state(arguments: Mapping[str, Any]) -> list[torch.Tensor]:
    """All that a call might change: random numbers, modes, parameters, gradients, tensors."""
    found = [torch.get_rng_state(), torch.tensor(torch.is_grad_enabled())]
    for value in [*arguments.values(), NET, IMAGES, *COEFFICIENTS.bands, *COEFFICIENTS.residuals]:
        if isinstance(value, nn.Module):
            found += [torch.tensor([module.training for module in value.modules()])]
            found += list(value.state_dict().values())
            found += [torch.zeros(0) if p.grad is None else p.grad for p in value.parameters()]
        elif isinstance(value, torch.Tensor):
            found += [value, torch.tensor(value.requires_grad)]
    return [tensor.detach().clone() for tensor in found]


@contextmanager
def nothing_changes(arguments: Mapping[str, Any]):
    before = state(arguments)
    yield
    after = state(arguments)
    assert len(before) == len(after)
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(before, after, strict=True))


def refused(name: str, arguments: Mapping[str, Any], argument: str, words: Sequence[str] = ()) -> None:
    """The call raises one TypeError or ValueError about this argument, and changes nothing."""
    with nothing_changes(arguments), pytest.raises((TypeError, ValueError)) as caught:
        BOUNDARIES[name].call(**arguments)
    message = str(caught.value)
    assert type(caught.value) in (TypeError, ValueError)
    assert re.search("expected .+got .+", message, re.DOTALL), message
    # the shape's message is about its height or width, a relation's about its second argument
    about = {"shape": "shape|height|width"}.get(argument, re.escape(CALLED.get(argument, argument)))
    assert re.match(about, message), message
    assert [word for word in words if word not in message] == [], message


def good_arguments(name: str, draw: Callable) -> dict[str, Any]:
    good = BOUNDARIES[name].good
    return {argument: draw(values) for argument, values in good.items()}


def label(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{value.dtype}-{tuple(value.shape)}"
    if isinstance(value, Wrapped | sl.Coefficients | ImageData | np.ndarray | Callable):
        return type(value).__name__
    return f"{type(value).__name__}-{str(value)[:24]}"


CASES = [
    pytest.param(name, argument, value, words, id=f"{name}-{argument}-{label(value)}")
    for name, boundary in BOUNDARIES.items()
    for argument, cases in boundary.bad.items()
    for value, *words in cases
]


@pytest.mark.parametrize("name, argument, value, words", CASES)
def test_names_what_was_expected_and_what_came(name, argument, value, words):
    arguments = {**good_arguments(name, lambda values: values[0]), argument: value}
    refused(name, arguments, argument, words)


def generated_bad_values() -> dict[str, st.SearchStrategy]:
    """Bad values beyond those of the tables, for arguments that mean the same everywhere."""
    not_finite = st.sampled_from([NAN, INF, -INF])
    no_number = st.none() | st.text() | st.booleans() | st.complex_numbers() | st.lists(st.floats())
    no_count = st.integers(max_value=-1) | st.floats() | no_number
    not_positive = st.floats(max_value=0) | not_finite | no_number
    wrong_length = st.lists(st.integers(0, 2)).filter(lambda targets: len(targets) != 2)
    outside = st.integers().filter(lambda k: k not in range(CLASSES))
    sizes = st.lists(st.integers(0, 5), max_size=5).filter(lambda size: tuple(size[-2:]) != SHAPE)
    dtypes = st.sampled_from([torch.uint8, torch.int64, torch.float16, torch.bool, torch.complex128])
    return {
        "alpha": not_finite | no_number,
        "cap": not_positive,
        "budget": not_positive.filter(lambda value: value is not None),
        "memory": not_positive.filter(lambda value: value is not None),
        "distance": not_positive,
        "learning_rate": not_positive,
        "radius": not_positive,
        "epochs": no_count,
        "batch_size": no_count,
        "orientations": no_count.filter(lambda value: value is not None and value != []),
        "targets": wrong_length | outside | st.floats() | st.booleans() | st.text(min_size=1),
        "images": sizes.map(torch.zeros) | dtypes.map(IMAGES.to) | not_finite.map(with_pixel),
        "amplitude": st.text().filter(lambda text: text not in AMPLITUDES),
        "objective": st.text().filter(lambda text: text not in OBJECTIVES),
        "regime": st.text().filter(lambda text: text not in REGIMES),
        "direction": st.text().filter(lambda text: text not in DIRECTIONS),
        "scales": st.lists(st.integers().filter(lambda k: k not in (0, 1)), min_size=1),
        "residuals": st.dictionaries(st.text(), st.text(), min_size=1),
        "amplifiers": st.lists(st.floats()).filter(lambda gains: len(gains) != 1)
        | not_finite.map(lambda x: [x]),
    }


GENERATED = generated_bad_values()
CALLS = int(os.environ.get("FUZZ", "400"))  # make fuzz: 10000
PROPERTY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(PROPERTY, max_examples=CALLS)
@given(data=st.data())
def test_one_bad_argument_among_good_ones(data):
    """Whatever the mix, the error is about the bad one, and comes before anything is changed."""
    name = data.draw(st.sampled_from(sorted(BOUNDARIES)), label="function")
    arguments = good_arguments(name, lambda values: data.draw(st.sampled_from(values)))
    argument = data.draw(st.sampled_from(sorted(BOUNDARIES[name].bad)), label="argument")
    listed = st.sampled_from([value for value, *_ in BOUNDARIES[name].bad[argument]])
    others = (
        "fit",
        "accuracy",
        "hue",
        "rgb_to_yiq",
        "yiq_to_rgb",
        "warp_energy",
        "matched_edit",
    )  # these take other values or sizes
    images = name.endswith("analyze") or name in others
    more = st.nothing() if images or name == "SteerablePyramid" else GENERATED.get(argument, st.nothing())
    if "shape" in arguments:
        arguments["shape"] = SHAPE  # the message on scales depends on it
    arguments[argument] = data.draw(listed | more, label="bad value")
    refused(name, arguments, argument)


@settings(PROPERTY, max_examples=100)
@given(data=st.data())
def test_good_arguments_are_taken(data):
    """So that the errors above are those of the bad argument; and good calls leave no trace, but for fit."""
    downloading = ("digits", "color_digits", "faces")
    name = data.draw(st.sampled_from([name for name in sorted(BOUNDARIES) if name not in downloading]))
    arguments = good_arguments(name, lambda values: data.draw(st.sampled_from(values)))
    if name == "fit":
        arguments["model"] = copy.deepcopy(arguments["model"])
        BOUNDARIES[name].call(**arguments)
        return
    with nothing_changes(arguments):
        BOUNDARIES[name].call(**arguments)


def test_a_bad_gif_leaves_no_file(in_a_new_folder):
    for argument, cases in BOUNDARIES["save_gif"].bad.items():
        for value, *_ in cases:
            refused("save_gif", {"path": "morph.gif", argument: value}, argument)
    assert list(in_a_new_folder.iterdir()) == []


def test_missing_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STEERLENS_DATA", str(tmp_path / "gone"))
    with pytest.raises(ValueError, match=r"STEERLENS_DATA: expected an existing folder, got '.*gone'"):
        sl.data.digits()


def test_scales_of_a_transform_without_bands():
    with pytest.raises(ValueError, match=r"scales: expected None, for there are none here, got \(0,\)"):
        sl.extrapolate(NET, IMAGES, 1, PIXELS, scales=0)


# Models are given back as they were.
MOVES = {
    "wirtinger_gradient": lambda model: sl.wirtinger_gradient(model, IMAGES, 1, PYRAMID),
    "extrapolate": lambda model: sl.extrapolate(model, IMAGES, 1, PYRAMID, steps=2),
    "steer live": lambda model: sl.steer(model, IMAGES, 1, PYRAMID, steps=3, budget=0.1),
    "steer persistent": lambda model: sl.steer(model, IMAGES, 1, FOURIER, regime="persistent", steps=3),
    "pipeline": lambda model: plot.pipeline(model, IMAGES[:1], 1, PYRAMID),
    "accuracy": lambda model: accuracy(model, IMAGES, torch.tensor([0, 1])),
}
each_move = pytest.mark.parametrize("move", MOVES)


@each_move
def test_models_come_back_as_they_were(move):
    model = network()
    model[5].weight.grad = torch.ones_like(model[5].weight)
    with nothing_changes({"model": model}):
        MOVES[move](model)
    assert [module.training for module in model.modules()] == [True, True, False, True, True, True, True]


@each_move
@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("error", [AttributeError("gone"), RuntimeError("gone"), KeyboardInterrupt("gone")])
def test_models_come_back_as_they_were_after_an_error_inside(move, call, error):
    model = raising(error, call)
    if call == 2 and move in ("wirtinger_gradient", "accuracy"):
        call = 1  # they call it once
        model = raising(error)
    with nothing_changes({"model": model}), pytest.raises(BaseException, match="gone"):
        MOVES[move](model)


@pytest.mark.parametrize("without", [torch.no_grad, torch.inference_mode])
@each_move
def test_where_autograd_is_off(move, without):
    expected = MOVES[move](NET)
    with without():
        found = MOVES[move](NET)
    if isinstance(expected, sl.Morph):
        assert torch.equal(expected.frames, found.frames)
        assert torch.equal(expected.probabilities, found.probabilities)


def test_what_inference_mode_made_serves_elsewhere():
    """Masks are cached: those first made in inference mode must not be inference tensors."""
    shape = 10, 14
    model = nn.Sequential(nn.Flatten(), nn.Linear(140, 3))
    for transform in (sl.SteerablePyramid(shape, 2, 3), sl.Fourier(shape), sl.Pixels(shape)):
        with torch.inference_mode():
            images = torch.rand(2, 1, *shape)
            inside = sl.extrapolate(model, images, 0, transform, steps=2)
            sl.steer(model, images, 0, transform, steps=2)
        outside = sl.extrapolate(model, images, 0, transform, steps=2)
        assert torch.equal(inside.frames, outside.frames)
        leaf = images.clone().requires_grad_()
        transform.synthesize(transform.analyze(leaf)).square().sum().backward()
        torch.testing.assert_close(leaf.grad, 2 * images)


# Zeros stay zeros.
@each_transform
def test_zero_images_have_zero_coefficients(transform):
    c = transform.analyze(torch.zeros(2, 3, *SHAPE))
    assert all(not part.any() for part in [*c.bands, *c.residuals])
    assert not transform.synthesize(c).any()


@each_transform
@pytest.mark.parametrize("amplitude", AMPLITUDES)
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_images_extrapolated(transform, amplitude, value):
    images = torch.full((2, 1, *SHAPE), value)
    fixed = sl.extrapolate(
        NET, images, 1, transform, alpha=100.0, amplitude=amplitude, residuals="fixed", steps=3
    )
    free = sl.extrapolate(
        NET, images, 1, transform, alpha=100.0, amplitude=amplitude, residuals="linear", steps=3
    )
    for morph in (fixed, free):
        assert morph.frames.isfinite().all()
        assert morph.probabilities.isfinite().all()
    if value == 0 or transform is PIXELS:
        assert torch.equal(fixed.frames, images[:, None].expand_as(fixed.frames))
        assert not fixed.distances.any()
        assert torch.equal(fixed.at_distance(1.0)[0], images)


@each_transform
@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_zero_images_steered(transform, regime, direction):
    images = torch.zeros(2, 1, *SHAPE)
    fixed = sl.steer(
        NET, images, 1, transform, regime=regime, direction=direction, steps=2, residuals="fixed"
    )
    assert torch.equal(fixed.frames, images[:, None].expand_as(fixed.frames))
    free = sl.steer(
        NET, images, 1, transform, regime=regime, direction=direction, steps=2, residuals="linear", budget=0.4
    )
    assert free.frames.isfinite().all()
    assert free.probabilities.isfinite().all()
    assert (free.distances <= 0.4 + 5e-4).all()


def test_zero_coefficients_have_no_phase_to_move():
    zeros = torch.zeros(3, 4, dtype=torch.complex64)
    gradient = torch.full_like(zeros, 1e30 + 1e30j)
    assert torch.equal(sl.gradient_step(zeros, gradient, 1e8), torch.ones_like(zeros))
    assert all(not part.any() for part in sl.polar_gradient(zeros, gradient))


def test_black_image_in_pictures():
    morph = sl.extrapolate(NET, 0 * IMAGES, 1, PYRAMID, steps=2)
    sl.filmstrip(morph, difference=True)
    plot.pipeline(NET, 0 * IMAGES[:1], 1, PYRAMID)
    frame_slider(morph)


# Extreme but finite numbers.
EXTREME = st.sampled_from([1e-300, 1e-30, 1e8, 1e20, 1e30, 1e38, 1e100, 1e300]) | st.floats(1e-300, 1e300)


def finite_or_refused(morphing: Callable[[], sl.Morph]) -> None:
    try:
        morph = morphing()
    except ValueError as error:
        assert re.search("within the range of floating point, got", str(error))
    else:
        assert ((morph.frames >= 0) & (morph.frames <= 1)).all()
        assert morph.probabilities.isfinite().all()
        assert morph.distances.isfinite().all()


@settings(PROPERTY, max_examples=120)
@given(
    size=EXTREME,
    sign=st.sampled_from([1, -1]),
    transform=st.sampled_from(TRANSFORMS),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    amplitude=st.sampled_from(AMPLITUDES),
    steps=st.sampled_from([1, 3, [1e-30, 1e-6], [1.0, 1e30]]),
    amplifier=st.sampled_from([None, [1e30], [-1e-30]]),
)
def test_extreme_extrapolation(size, sign, transform, dtype, amplitude, steps, amplifier):
    model, images = network(dtype=dtype), IMAGES.to(dtype)
    finite_or_refused(
        lambda: sl.extrapolate(
            model,
            images,
            1,
            transform,
            alpha=sign * size,
            steps=steps,
            amplitude=amplitude,
            residuals="linear",
            amplifiers=amplifier,
        )
    )


@settings(PROPERTY, max_examples=80)
@given(
    alpha=EXTREME,
    cap=EXTREME,
    transform=st.sampled_from(TRANSFORMS),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    regime=st.sampled_from(REGIMES),
    direction=st.sampled_from(DIRECTIONS),
    budget=st.none() | EXTREME,
)
def test_extreme_steering(alpha, cap, transform, dtype, regime, direction, budget):
    model, images = network(dtype=dtype), IMAGES.to(dtype)
    options = {"alpha": alpha, "cap": cap, "steps": 2, "budget": budget, "residuals": "linear"}
    finite_or_refused(
        lambda: sl.steer(model, images, 1, transform, regime=regime, direction=direction, **options)
    )


@each_transform
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("gap", range(76, 104, 3))
def test_steering_goes_on_when_the_softmax_is_saturated(transform, direction, gap):
    """Gradients in the subnormal range: scaled up to the cap, they overflowed before."""

    def logits(images):
        mean, square = images.mean((1, 2, 3)), images.square().mean((1, 2, 3))
        return torch.stack([-square, gap + mean], 1)

    morph = sl.steer(Wrapped(logits), IMAGES, 1, transform, direction=direction, steps=2, residuals="linear")
    assert morph.frames.isfinite().all()
    assert (morph.target_probabilities == 1).all()


def test_no_warning_is_given_for_bad_input():
    """One error, and nothing beside it (complex steps made torch warn before)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for value, *_ in BAD_STEP_LISTS:
            refused("extrapolate", {**good_arguments("extrapolate", lambda v: v[0]), "steps": value}, "steps")
    assert caught == []
