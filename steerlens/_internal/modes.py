"""Modes for the length of a block: a module's train and eval mode, and torch's global ones."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock

import torch
from torch import nn

_LOCK = RLock()
_IN_USE: dict[int, tuple[nn.Module, bool, int]] = {}  # by id: a module in eval mode, its own mode, how often


def check_module(model: object) -> nn.Module:
    """``model`` if it is a module. Raises TypeError."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model: expected a torch.nn.Module, got {type(model).__name__}")
    return model


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put ``model`` in eval mode and give every submodule its own mode back afterwards.

    Threads may share a model: it stays in eval mode until the last of them leaves.
    """
    modules = list(check_module(model).modules())
    with _LOCK:
        for module in modules:
            _, training, users = _IN_USE.get(id(module), (module, module.training, 0))
            _IN_USE[id(module)] = module, training, users + 1
        if model.training or any(module.training for module in modules):
            _enter_evaluation(model)
    try:
        yield
    finally:
        with _LOCK:
            for module in modules:
                _, training, users = _IN_USE.pop(id(module))
                if users > 1:
                    _IN_USE[id(module)] = module, training, users - 1
                elif module.training != training:
                    module.training = training


def _enter_evaluation(model: nn.Module) -> None:
    """Eval mode; what `torch.export` made has one mode for good, and refuses another."""
    try:
        model.eval()
    except NotImplementedError:
        return


@contextmanager
def own_precision(gradients: bool | None = None) -> Iterator[None]:
    """Without autocast and inference mode, on which results would depend; gradients as they were if None."""
    with ExitStack() as stack:
        enabled = torch.is_grad_enabled() if gradients is None else gradients
        stack.enter_context(torch.inference_mode(False))  # which enables gradients
        stack.enter_context(torch.set_grad_enabled(enabled))
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        yield
