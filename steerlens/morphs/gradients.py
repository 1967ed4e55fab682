"""Gradients with respect to transform coefficients: Eq. 1-9 of "Through a Steerable Lens".

    image_gradient       dL/ds, at the image itself
    wirtinger_gradient   dL/dS* of every complex coefficient (Eq. 3), dL/dr of every real one
    polar_gradient       its amplitude and phase parts (Eq. 5, inverted)
    gradient_step        the factor z of one ascent step S -> S z (Eq. 6-9)

The score L is that of ``scores.py``. torch returns twice the paper's gradient for a complex leaf, 2 dL/dS*;
everything here is the paper's.
"""

from typing import Any

import torch
from torch import Tensor, nn

from .._internal.checks import check_complex, check_images, check_number
from .._internal.modes import evaluation_mode, own_precision
from ..transforms.base import Transform, check_transform
from ..transforms.coefficients import Coefficients
from .scores import Objective, Scores, check_question, scored
from .views import Views, check_views


def image_gradient(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | int | None,
    objective: Objective = "log_probability",
    sources: Tensor | None = None,
    views: Views | None = None,
) -> tuple[Tensor, Scores]:
    """dL/ds at every pixel, and the scores, in the mode that the model is in.

    Args:
        model, images, targets, objective, sources: see :func:`steerlens.morphs.scores.scored`.
        views: the gradient is the mean over random views, and the scores are those of the images as they are.

    Returns:
        gradient, shaped like ``images``, and `Scores`, all of them detached.

    Raises:
        ValueError: the targets do not fit the model, or its output does not depend on the images.
    """
    if views is not None:
        with torch.no_grad():
            plain = scored(model, images, targets, objective, sources)
        sources = plain.sources if sources is None else sources
    with own_precision(gradients=True):
        leaf = images.detach().clone().requires_grad_()
        seen = leaf if views is None else views(leaf)
        copies = len(seen) // len(leaf)
        asked, before = (_repeated(t, copies) for t in (targets, sources))
        found = scored(model, seen, asked, objective, before)
        gradient = None
        if found.values.requires_grad:
            (gradient,) = torch.autograd.grad(found.values.sum() / copies, leaf, allow_unused=True)
    if gradient is None:
        expected = "an output that depends on the images through autograd"
        raise ValueError(f"model: expected {expected}, got one that does not")
    if not gradient.isfinite().all():
        raise ValueError("model: expected a finite gradient at the images, got NaN or infinite values")
    return gradient, Scores(*(part.detach() for part in (found if views is None else plain)))


def _repeated(classes: Any, copies: int) -> Any:
    """Class indices (batch,) for that many views of each image."""
    return classes.repeat_interleave(copies) if isinstance(classes, Tensor) and classes.ndim else classes


def wirtinger_gradient(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | int | None,
    transform: Transform,
    objective: Objective = "log_probability",
    views: Views | None = None,
) -> Coefficients:
    """dL/dS* of the coefficients of images (Eq. 1 and 3), and dL/dr of the real residuals.

    In a tight frame this is the analysis of the pixel gradient, halved in the complex bands. The gradient
    is taken at the images themselves, not at synthesize(analyze(images)): on flat backgrounds ReLU and
    max-pooling sit on ties which the rounding of a round trip would break differently.

    Args:
        model, targets, objective, views: as in :func:`steerlens.extrapolate`.
        images: (batch, channels, height, width) in [0, 1].
        transform: a `Transform` of the images' height and width.

    Raises:
        TypeError, ValueError: an argument that does not fit the others.
    """
    images = check_images(images, check_transform(transform), unit_range=True)
    targets = check_question(objective, targets, images)
    with evaluation_mode(model):
        seen = None if views is None else check_views(views).restarted()
        gradient, _ = image_gradient(model, images, targets, objective, views=seen)
    return coefficient_gradient(gradient, images, transform)


def coefficient_gradient(gradient: Tensor, images: Tensor, transform: Transform) -> Coefficients:
    """dL/dS* and dL/dr from the pixel gradient dL/ds, by the adjoint of ``transform.synthesize``."""
    if transform.tight_frame:
        coefficients = transform.analyze(gradient)
    elif hasattr(transform, "synthesize_adjoint"):
        coefficients = transform.synthesize_adjoint(gradient)
    else:
        coefficients = _pull_back(gradient, transform.analyze(images), transform)
    return _halved(coefficients)


def analyzed_with_gradient(
    images: Tensor, gradient: Tensor, transform: Transform
) -> tuple[Coefficients, Coefficients]:
    """Coefficients of images, and dL/dS* and dL/dr from dL/ds: of a tight frame in one analysis."""
    if not transform.tight_frame:
        return transform.analyze(images), coefficient_gradient(gradient, images, transform)
    both, batch = transform.analyze(torch.cat([images, gradient])), len(images)
    return both[:batch], _halved(both[batch:])


def _halved(coefficients: Coefficients) -> Coefficients:
    """torch's gradient of complex bands, 2 dL/dS*, as the paper's."""
    return coefficients.map(lambda band: band * 0.5, lambda residual: residual)


def _pull_back(gradient: Tensor, at: Coefficients, transform: Transform) -> Coefficients:
    """torch's gradient (2 dL/dS*) of the coefficients: dL/ds pulled back through ``synthesize``."""
    with torch.enable_grad():
        at = Coefficients.of([part.detach().requires_grad_() for part in at.parts], len(at.bands))
        parts = torch.autograd.grad(transform.synthesize(at), at.parts, gradient)
    return Coefficients.of(parts, len(at.bands))


def polar_gradient(coefficients: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """dL/dA and dL/dPhi of complex coefficients S = A exp(i Phi) from dL/dS* (Eq. 5, inverted).

    dL/dA = 2 Re(S* g) / A and dL/dPhi = 2 Im(S* g). Where A = 0 there is no phase: both are 0.

    Args:
        coefficients: S, complex, any shape.
        gradient: g = dL/dS*, of the same shape.

    Returns:
        dL/dA and dL/dPhi (per radian), real, of the same shape.
    """
    check_complex("gradient", gradient, check_complex("coefficients", coefficients).shape)
    product = 2 * coefficients.conj() * gradient
    amplitude = coefficients.abs()
    return product.real / torch.where(amplitude > 0, amplitude, torch.inf), product.imag


def gradient_step(coefficients: Tensor, gradient: Tensor, alpha: float | Tensor) -> Tensor:
    """The factor z = 1 + alpha g / S of one ascent step S -> S + alpha g = S z (Eq. 6).

    ``z.abs()`` is the change of amplitude (Eq. 8), ``z.angle()`` the phase shift (Eq. 9). Where S = 0
    there is no phase to shift: z = 1.

    Args:
        coefficients: S, complex, any shape.
        gradient: g = dL/dS*, of the same shape.
        alpha: step size, a finite number or a real tensor that broadcasts.
    """
    check_complex("gradient", gradient, check_complex("coefficients", coefficients).shape)
    alpha = _check_step_size(alpha, coefficients.shape)
    smallest = torch.finfo(coefficients.real.dtype).tiny ** 0.5  # below it a quotient may overflow
    present = coefficients.abs() > smallest
    return 1 + torch.where(present, alpha * gradient / torch.where(present, coefficients, 1), 0)


def _check_step_size(alpha: float | Tensor, shape: torch.Size) -> float | Tensor:
    if not isinstance(alpha, Tensor):
        return check_number("alpha", alpha)
    if alpha.is_complex() or not alpha.isfinite().all():
        raise ValueError(f"alpha: expected finite real numbers, got {alpha}")
    trailing = zip(reversed(alpha.shape), reversed(shape), strict=False)
    if alpha.ndim > len(shape) or any(a not in (1, n) for a, n in trailing):
        raise ValueError(f"alpha: expected shape {tuple(shape)} or less, got {tuple(alpha.shape)}")
    return alpha
