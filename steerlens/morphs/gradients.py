"""Class gradients with respect to transform coefficients: Eq. 1-9 of "Through a Steerable Lens".

    objective_values     the score L whose gradient is followed (Eq. 1)
    image_gradient       dL/ds, at the image itself
    wirtinger_gradient   dL/dS* of every complex coefficient (Eq. 3), dL/dr of every real one
    polar_gradient       its amplitude and phase parts (Eq. 5, inverted)
    gradient_step        the factor z of one ascent step S -> S z (Eq. 6-9)

torch returns twice the paper's gradient for a complex leaf, 2 dL/dS*; everything here is the paper's.
"""

import torch
from torch import Tensor, nn

from .._internal.checks import check_choice, check_complex, check_images, check_number, check_targets
from .._internal.chunks import images_at_once, in_chunks
from .._internal.modes import evaluation_mode
from ..transforms.base import Transform, check_transform
from ..transforms.coefficients import Coefficients

OBJECTIVES = ("log_probability", "logit", "margin")


def model_logits(model: nn.Module, images: Tensor) -> Tensor:
    """Logits (batch, classes) of images (batch, channels, height, width).

    The model gets a copy, which it may change in place.

    Raises:
        ValueError: the model does not take such images, or does not return finite (batch, classes) scores.
    """
    try:
        logits = model(images.clone())
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError, LookupError, TypeError, ValueError) as error:
        expected = f"one that accepts {images.dtype} images of shape {tuple(images.shape)}"
        raise ValueError(f"model: expected {expected}, got {type(error).__name__}: {error}") from error
    expected = f"model: expected logits of shape ({len(images)}, classes)"
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        raise ValueError(f"{expected}, got {logits.dtype if isinstance(logits, Tensor) else type(logits)}")
    if logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] == 0:
        raise ValueError(f"{expected}, got {tuple(logits.shape)}")
    if not logits.isfinite().all():
        raise ValueError(f"{expected} that are finite, got NaN or infinite ones")
    return logits


@torch.no_grad()
def batched_logits(model: nn.Module, images: Tensor, memory: float | None = None) -> Tensor:
    """:func:`model_logits` of any number of images, in eval mode, some at a time (see `images_at_once`)."""
    most = images_at_once(images, memory)
    with evaluation_mode(model):
        return in_chunks(lambda part: model_logits(model, part), (images,), most)


def objective_values(
    logits: Tensor, targets: Tensor, objective: str, sources: Tensor | None = None
) -> Tensor:
    """The score L (batch,) that extrapolation raises.

    Args:
        logits: (batch, classes).
        targets: class indices (batch,).
        objective: "log_probability" of the target (the paper's), its "logit", or the "margin", target
            logit minus source logit.
        sources: class indices (batch,) that the margin is taken to; the predicted classes if None.
    """
    check_choice("objective", objective, OBJECTIVES)
    values = logits.gather(1, targets[:, None]).squeeze(1)
    if objective == "log_probability":
        return nn.functional.logsigmoid(values - _rivals(logits, targets))
    if objective == "margin":
        sources = logits.argmax(dim=1) if sources is None else sources
        values = values - logits.gather(1, sources[:, None]).squeeze(1)
    return values


def _rivals(logits: Tensor, targets: Tensor) -> Tensor:
    """logsumexp of all logits but the target's, (batch,).

    log p = log sigmoid(target's logit - this) keeps its gradient, 1 - p, where softmax has rounded p to 1.
    """
    others = torch.ones_like(logits, dtype=torch.bool).scatter(1, targets[:, None], False)
    if logits.shape[1] == 1:  # no rival: p = 1
        return logits.new_full((len(logits),), -torch.inf)
    return logits[others].view(len(logits), -1).logsumexp(1)


def image_gradient(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | int,
    objective: str = "log_probability",
    sources: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """dL/ds at every pixel, and the logits, in the mode that the model is in.

    Returns:
        gradient, shaped like ``images``, and logits (batch, classes), both detached.

    Raises:
        ValueError: the targets do not fit the model, or its output does not depend on the images.
    """
    with torch.inference_mode(False), torch.enable_grad():
        leaf = images.detach().clone().requires_grad_()
        logits = model_logits(model, leaf)
        targets = check_targets(targets, *logits.shape).to(images.device).clone()
        sources = None if sources is None else sources.clone()  # clones serve in inference mode, too
        values = objective_values(logits, targets, objective, sources)
        gradient = None
        if values.requires_grad:
            (gradient,) = torch.autograd.grad(values.sum(), leaf, allow_unused=True)
    if gradient is None:
        expected = "an output that depends on the images through autograd"
        raise ValueError(f"model: expected {expected}, got one that does not")
    if not gradient.isfinite().all():
        raise ValueError("model: expected a finite gradient at the images, got NaN or infinite values")
    return gradient, logits.detach()


def wirtinger_gradient(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | int,
    transform: Transform,
    objective: str = "log_probability",
) -> Coefficients:
    """dL/dS* of the coefficients of images (Eq. 1 and 3), and dL/dr of the real residuals.

    In a tight frame this is the analysis of the pixel gradient, halved in the complex bands. The gradient
    is taken at the images themselves, not at synthesize(analyze(images)): on flat backgrounds ReLU and
    max-pooling sit on ties which the rounding of a round trip would break differently.

    Args:
        model: maps images to logits (batch, classes).
        images: (batch, channels, height, width) in [0, 1].
        targets: class indices (batch,), or one for all.
        transform: a `Transform` of the images' height and width.
        objective: see :func:`objective_values`.

    Raises:
        TypeError, ValueError: an argument that does not fit the others.
    """
    check_images(images, check_transform(transform), unit_range=True)
    check_choice("objective", objective, OBJECTIVES)
    with evaluation_mode(model):
        gradient, _ = image_gradient(model, images, targets, objective)
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
