"""Lesson 09: what it looks into, concepts of a layer, and the checks of the exercises.

Case, case   a classifier, images of its kind, and settings that suit them
NULL         an objective that wants nothing of the picture
concepts     directions of a layer that add up to its activations: non-negative matrix factorisation
whitened     pictures on white, as opaque as they were looked at
check_contrast, check_difference, check_best_phases, check_corrected
"""

from dataclasses import dataclass
from typing import Any

import torch
from sklearn.decomposition import NMF
from torch import Tensor, nn
from torch.nn.functional import interpolate

from steerlens import imagenet, models
from steerlens.data import ImageData, digits, photos
from steerlens.maco.objectives import Objective, activations
from steerlens.maco.spectra import Spectrum
from steerlens.transforms.pyramid import SteerablePyramid

from ..common.verdict import verdict

WHITE_SHARK, LLAMA = 2, 355  # the paper's Figures 1 and 2
DOGS = range(151, 269)  # ImageNet's breeds


@dataclass(frozen=True)
class Case:
    """What the lesson looks into.

    Attributes:
        model: maps images to logits.
        data: images of the size of the canvas; all of them make the spectrum.
        asked: the class that is visualised first, and one more.
        how: settings of `steerlens.maco.maco` that suit the canvas.
        depths: layers from shallow to deep.
        concept_layer: whose patches are factorised.
        concept_images: of one kind (breeds of dogs, or digits).
    """

    model: nn.Module
    data: ImageData
    asked: tuple[int, int]
    how: dict[str, Any]
    depths: tuple[str, ...]
    concept_layer: str
    concept_images: Tensor

    @property
    def real(self) -> bool:
        """Whether this is the classifier of ImageNet with its photographs, of which the text speaks."""
        return len(self.data.classes) == 1000 and len(self.data) == 100

    @property
    def pyramid(self) -> SteerablePyramid:
        """As many scales as the canvas allows, less one."""
        shape = tuple(self.data.images.shape[-2:])
        return SteerablePyramid(shape, SteerablePyramid.max_scales(shape) - 1, 4)


def case() -> Case:
    """SqueezeNet and the photographs; where there are no weights, LeNet and the digits."""
    model = imagenet.pretrained()
    if model is None:
        return digits_case()
    how = {"steps": 64, "crops": 4, "size": 96, "rate": 0.2, "progress": False}
    depths = tuple(f"1.features.{i}" for i in (2, 5, 9, 12))
    large = photos(224)
    dogs = torch.tensor([int(label) in DOGS for label in large.labels])
    shown = large.images[dogs] if dogs.any() else large.images
    return Case(model, photos(128), (WHITE_SHARK, LLAMA), how, depths, "1.features.12", shown)


def digits_case() -> Case:
    """The same questions, asked of LeNet."""
    data = digits()[:400]
    depths = ("0", "2", "3", "5")
    return Case(models.load("lenet", data), data, (3, 8), digits_how(), depths, "4", data.images[:12])


def digits_how() -> dict[str, Any]:
    """Settings for small grey images, of which a crop must show nearly everything."""
    return {"steps": 64, "crops": 4, "size": 28, "rate": 0.2, "sides": (1.0, 0.8), "progress": False}


@torch.no_grad()
def concepts(model: nn.Module, layer: str, images: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Concepts as in the paper's Figure 2: a layer's places, each a sum of few non-negative directions.

    Args:
        model: used in eval mode.
        layer: with non-negative activations (batch, channels, h, w), behind a ReLU for instance.
        images: (batch, channels, height, width) in [0, 1].
        count: number of concepts.

    Returns:
        directions (count, channels), of length 1, the one that explains most energy first, and heat maps
        (count, batch, height, width): how much of each concept stands where, enlarged to the images' size.
    """
    found = activations(model, images, layer)
    places = found.movedim(1, -1).flatten(0, -2).double()
    factors = NMF(count, init="nndsvda", max_iter=2000, tol=1e-3)
    weights = torch.from_numpy(factors.fit_transform(places.cpu().numpy()))
    vectors = torch.from_numpy(factors.components_)
    lengths = vectors.norm(dim=1).clamp(min=1e-12)
    order = (weights.square().sum(0).sqrt() * lengths).argsort(descending=True)
    maps = (weights * lengths).T[order].unflatten(1, (len(images), *found.shape[-2:]))
    enlarged = interpolate(maps, images.shape[-2:], mode="bilinear")
    return (vectors / lengths[:, None])[order].to(found), enlarged.to(found)


NULL = Objective(lambda views: views.mean((1, 2, 3)))  # wants nothing: its gradient shows where views look


def whitened(shown: Tensor) -> Tensor:
    """Images (n, channels, height, width) on white, from colours and opacity (n, channels + 1, ...)."""
    alpha = shown[:, -1:]
    return shown[:, :-1] * alpha + 1 - alpha


def check_contrast(answer: Any, spectrum: Spectrum) -> None:
    """Standard deviation of every canvas whose magnitudes are those of the spectrum, to 0.1 %."""
    energy = sum(r.square().sum() for r in (*spectrum.magnitudes, *spectrum.residuals))
    height, width = spectrum.shape
    expected = (energy / (spectrum.channels * height * width)).sqrt().item()
    kind = "a standard deviation, a number"
    verdict(answer, kind, f"{expected:.4f}, to 0.1 %", lambda s: abs(float(s) / expected - 1) < 1e-3)


def check_difference(answer: Any, model: nn.Module, images: Tensor, first: int, second: int) -> None:
    """An objective: the logit of one class minus that of another."""
    with torch.no_grad():
        logits = activations(model, images)
    expected = (logits[:, first] - logits[:, second])[None]
    kind = f"an objective: the logit of class {first} minus that of class {second}"

    def right(objective: Objective) -> bool:
        with torch.no_grad():
            return torch.allclose(objective(images), expected, rtol=1e-3, atol=1e-3)

    verdict(answer, kind, kind, right)


def check_best_phases(answer: Any, spectrum: Spectrum, template: Tensor) -> None:
    """Phases that maximise the inner product of the canvas with a template."""
    (band,) = spectrum.transform.analyze(template).bands
    free = (spectrum.magnitudes[0] > 0) & (band.abs() > 1e-4 * band.abs().max())
    kind = f"phases in radians, a real tensor of shape {tuple(band.shape)}"

    def right(phases: Tensor) -> bool:
        turn = torch.exp(1j * (phases - band.angle()))
        return phases.shape == band.shape and bool(((turn - 1).abs()[free] < 1e-2).all())

    verdict(answer, kind, f"{kind}, those of the template's own coefficients, to 0.01", right)


def check_corrected(answer: Any, transparency: Tensor, null: Tensor) -> None:
    """Transparency for each look: divided, place by place, by that of the null objective."""
    expected, kind = transparency / null, f"a tensor of shape {tuple(transparency.shape)}"

    def right(found: Tensor) -> bool:
        return found.shape == expected.shape and torch.allclose(found, expected, rtol=1e-3, atol=0)

    verdict(answer, kind, f"{kind}, the transparency divided by the null's, to 0.1 %", right)
