"""Schematic faces (n, 1, 48, 48): drawn, so everything about them is known, the mouth's curvature first."""

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from .._internal.checks import LARGEST_SEED, check_integer
from .images import ImageData

EMOTIONS = ("sad", "happy")
SIZE = 48
CURVATURE = (1.5, 4.0)  # smallest and largest amount by which corners rise or hang, pixels
TRAINING_SEED = 2**31  # of the training images, apart from the small seeds that readers choose
FACTORS = {  # of a face; positions and lengths in pixels, brightness in [0, 1]; drawn uniformly
    "x": (-2.0, 2.0),
    "y": (-1.5, 1.5),
    "head_width": (15.5, 18.5),
    "head_height": (19.0, 22.0),
    "skin": (0.6, 0.85),
    "background": (0.1, 0.4),
    "light": (-0.15, 0.15),
    "eye_distance": (6.0, 8.0),
    "eye_height": (4.0, 6.0),
    "eye_openness": (1.2, 2.6),
    "brow_tilt": (-1.2, 1.2),
    "brow_height": (4.0, 5.5),
    "nose": (4.0, 6.5),
    "mouth_height": (9.0, 11.0),
    "mouth_width": (5.5, 8.0),
    "mouth_thickness": (1.4, 2.4),
    "mouth_contrast": (0.3, 0.5),
}


def face_factors(n: int, seed: int = 0) -> dict[str, Tensor]:
    """Random factors of n faces: "curvature" and all of `FACTORS`, float32 (n,).

    The curvature is how far the mouth's corners lie above its middle, in pixels: 1.5 to 4, or -4 to -1.5.
    """
    n = check_integer("n", n, 1)
    generator = torch.Generator().manual_seed(check_integer("seed", seed, 0, LARGEST_SEED))
    sign = 2.0 * torch.randint(2, (n,), generator=generator) - 1
    ranges = {"curvature": CURVATURE, **FACTORS}
    drawn = {
        name: low + (high - low) * torch.rand(n, generator=generator) for name, (low, high) in ranges.items()
    }
    return {**drawn, "curvature": sign * drawn["curvature"]}


def draw_faces(factors: Mapping[str, Tensor]) -> Tensor:
    """Faces (n, 1, 48, 48) in [0, 1], anti-aliased, differentiable in every factor.

    Args:
        factors: "curvature" and all of `FACTORS`, tensors (n,); values beyond their ranges are drawn, too.

    Raises:
        ValueError: factors are missing or unknown.
    """
    if set(factors) != (known := {"curvature", *FACTORS}):
        raise ValueError(f"factors: expected {sorted(known)}, got {sorted(factors)}")
    f = {name: value[:, None, None] for name, value in factors.items()}
    grid = torch.arange(SIZE, device=f["x"].device).to(f["x"]) - (SIZE - 1) / 2
    y, x = grid[:, None] - f["y"], grid[None, :] - f["x"]
    skin = f["skin"] * (1 + f["light"] * x / f["head_width"])
    image = f["background"] + (skin - f["background"]) * _ellipse(y, x, f["head_height"], f["head_width"])
    for draw in (_eyes, _brows, _nose, _mouth):
        image = draw(image, y, x.abs() if draw in (_eyes, _brows) else x, f)
    return image.clamp(0, 1).unsqueeze(1)


def _eyes(image: Tensor, y: Tensor, x: Tensor, f: Mapping[str, Tensor]) -> Tensor:
    y, x = y + f["eye_height"], x - f["eye_distance"]
    white = _ellipse(y, x, f["eye_openness"], torch.full_like(x[:, :1, :1], 3.2))
    pupil = _ellipse(y, x, f["eye_openness"].clamp(max=1.5), torch.full_like(x[:, :1, :1], 1.5))
    return torch.lerp(torch.lerp(image, torch.full_like(image, 0.95), white), 0.1 * image, pupil)


def _brows(image: Tensor, y: Tensor, x: Tensor, f: Mapping[str, Tensor]) -> Tensor:
    """Two bars; a positive tilt lifts their inner ends."""
    x = (x - f["eye_distance"]) / 3.8
    line = -f["eye_height"] - f["brow_height"] + f["brow_tilt"] * x
    return image * (1 - 0.55 * _stroke(y - line, 3.8 * (x.abs() - 1), 1.4))


def _nose(image: Tensor, y: Tensor, x: Tensor, f: Mapping[str, Tensor]) -> Tensor:
    ridge = _stroke(x + 0.5 * (y - 1.0), (y - f["nose"] / 2).abs() - f["nose"] / 2, 1.0)
    return image * (1 - 0.2 * ridge)


def _mouth(image: Tensor, y: Tensor, x: Tensor, f: Mapping[str, Tensor]) -> Tensor:
    """A parabola whose mean height does not depend on its curvature."""
    u = x / f["mouth_width"]
    line = f["mouth_height"] - f["curvature"] * (u.square().clamp(max=1) - 1 / 3)
    slope = 2 * f["curvature"] * u.clamp(-1, 1) / f["mouth_width"]
    across = (y - line) / (1 + slope.square()).sqrt()
    beyond = x.abs() - f["mouth_width"]
    return image * (1 - f["mouth_contrast"] * _stroke(across, beyond, f["mouth_thickness"]))


def _ellipse(y: Tensor, x: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """How much of a pixel an ellipse of these half-axes covers, to first order."""
    radius = torch.sqrt((y / height).square() + (x / width).square() + 1e-6)
    return (0.5 + (1 - radius) * torch.minimum(height, width)).clamp(0, 1)


def _stroke(across: Tensor, beyond: Tensor, thickness: Tensor | float) -> Tensor:
    """How much of a pixel a stroke covers: ``across`` from its axis, ``beyond`` its end."""
    distance = torch.sqrt(across.square() + beyond.clamp(min=0).square() + 1e-6)
    return (0.5 + thickness / 2 - distance).clamp(0, 1)


def schematic_faces(n: int, seed: int = 0) -> ImageData:
    """Schematic faces (n, 1, 48, 48), sad or happy by the sign of their `face_factors`' curvature.

    Args:
        n: number of images.
        seed: of the factors.
    """
    factors = face_factors(n, seed)
    labels = (factors["curvature"] > 0).long()
    source = f"schematic faces, {SIZE}x{SIZE}"
    make_training = partial(schematic_faces, 2400, TRAINING_SEED)
    return ImageData(draw_faces(factors), labels, EMOTIONS, source, make_training)
