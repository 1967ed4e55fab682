"""Training a classifier: cross-entropy, AdamW, one learning-rate cycle, everything seeded."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from .._internal.checks import (
    LARGEST_SEED,
    check_flag,
    check_images,
    check_integer,
    check_number,
    check_targets,
)
from .._internal.modes import check_module, evaluation_mode, own_precision
from .._internal.progress import progress_bar
from ..morphs.scores import batched_logits, model_logits

ATTACK_STEPS = 5  # of adversarial training


def fit(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    epochs: int = 5,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    shift: int = 0,
    mirror: bool = False,
    adversary: float | None = None,
    seed: int = 0,
    progress: bool = True,
) -> nn.Module:
    """Train ``model`` in place and return it in eval mode.

    Args:
        model: maps images to logits (batch, classes).
        images: (n, channels, height, width) in [0, 1].
        labels: class indices (n,).
        epochs: passes over the images.
        batch_size: images a step.
        learning_rate: peak of the one-cycle schedule.
        shift: augmentation: each batch is moved by up to this many pixels along both axes.
        mirror: augmentation: half of the images, drawn anew in each batch, have left and right exchanged.
        adversary: L2 radius of adversarial training (Madry et al., 2018): each batch is first moved uphill
            in its loss, in `ATTACK_STEPS` projected steps, to at most this distance, which grows from 0 to
            the full radius over the first third of the run.
        seed: of the order of the images, the augmentation and any dropout; the global generator is untouched.
        progress: show a bar with the running loss in runs of more than two seconds.

    Raises:
        TypeError, ValueError: an argument that does not fit the others; the model is as it was.
    """
    images = check_images(images, unit_range=True)
    epochs, batch_size = check_integer("epochs", epochs, 1), check_integer("batch_size", batch_size, 1)
    rate, mirror = check_number("learning_rate", learning_rate, positive=True), check_flag("mirror", mirror)
    shift, seed = check_integer("shift", shift, 0), check_integer("seed", seed, 0, LARGEST_SEED)
    radius = 0.0 if adversary is None else check_number("adversary", adversary, positive=True)
    total = epochs * len(_batches(torch.arange(len(images), device="cpu"), batch_size))
    with (
        _all_or_nothing(model),
        own_precision(gradients=True),
        torch.random.fork_rng(),
        progress_bar("fit", progress, total=total) as bar,
    ):
        labels = _check_labels(labels, model, images)
        optimizer, schedule = _optimizer(model, rate, total)
        torch.manual_seed(seed)
        model.train()
        for _ in range(epochs):
            for rows in _batches(torch.randperm(len(images), device="cpu"), batch_size):
                batch = _moved(_mirrored(images[rows]) if mirror else images[rows], shift)
                grown = radius * min(1, 3 * (schedule.last_epoch + 1) / total)
                batch = _attacked(model, batch, labels[rows], grown) if radius else batch
                loss = nn.functional.cross_entropy(model_logits(model, batch), labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
                bar.update()
    return model.eval()


def _optimizer(
    model: nn.Module, rate: float, total: int
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
    """AdamW, and one cycle of its learning rate over that many steps."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=total)


def _check_labels(labels: Tensor, model: nn.Module, images: Tensor) -> Tensor:
    """Labels on the images' device. Raises ValueError if they, or the model, cannot be learned from."""
    with evaluation_mode(model):
        logits = model_logits(model, images[:1])
    if not (logits.requires_grad and any(parameter.requires_grad for parameter in model.parameters())):
        raise ValueError("model: expected trainable parameters that the logits depend on, got none")
    return check_targets(labels, len(images), logits.shape[1], "labels").to(images.device)


def _batches(order: Tensor, size: int) -> list[Tensor]:
    """Indices of images by batch; one that is left over joins the last batch: alone it has no spread."""
    batches = list(order.split(size))
    if len(batches) > 1 and len(batches[-1]) == 1 < size:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


@contextmanager
def _all_or_nothing(model: nn.Module) -> Iterator[None]:
    """Whatever is raised in the block, an interrupt too, leaves the model as it was."""
    modules, tensors = list(check_module(model).modules()), [*model.parameters(), *model.buffers()]
    own = [(m, dict(m._buffers), m.training) for m in modules]  # a model may assign new buffers
    values = [(t, t.detach().clone(), t.grad, t.requires_grad) for t in tensors]
    try:
        yield
    except BaseException:
        for module, buffers, mode in own:
            module._buffers.update(buffers)
            module.training = mode
        with torch.no_grad():
            for tensor, value, gradient, needed in values:
                tensor.copy_(value)
                tensor.requires_grad_(needed).grad = gradient
        raise


def _moved(images: Tensor, shift: int) -> Tensor:
    """The batch, moved as a whole by a random whole number of pixels, black coming in."""
    if shift == 0:
        return images
    height, width = images.shape[-2:]
    y, x = torch.randint(2 * shift + 1, (2,), device="cpu").tolist()
    return nn.functional.pad(images, [shift] * 4)[..., y : y + height, x : x + width]


def _mirrored(images: Tensor) -> Tensor:
    """Each image, or its mirror image, at random."""
    chosen = torch.rand(len(images), device="cpu", dtype=torch.float32) < 0.5
    return torch.where(chosen.to(images.device)[:, None, None, None], images.flip(-1), images)


def _attacked(model: nn.Module, images: Tensor, labels: Tensor, radius: float) -> Tensor:
    """Images in [0, 1] within an L2 radius, moved uphill in the loss by projected gradient steps."""
    length = 2.5 * radius / ATTACK_STEPS
    change = torch.zeros_like(images)
    for _ in range(ATTACK_STEPS):
        at = (images + change).requires_grad_()
        (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(model_logits(model, at), labels), at)
        change = change + length * nn.functional.normalize(gradient.flatten(1)).view_as(images)
        change = (images + change).clamp(0, 1) - images
        norm = change.flatten(1).norm(dim=1).clamp(min=radius)
        change = change * (radius / norm)[:, None, None, None]
    return (images + change).detach()


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of images (n, channels, height, width) whose largest logit is their label's, in eval mode."""
    labels = check_targets(labels, len(check_images(images)), name="labels").to(images.device)
    return (batched_logits(model, images).argmax(dim=1) == labels).double().mean().item()
