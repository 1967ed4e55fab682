"""Tensors within the arguments and results of functions: tuples, lists and dicts of them, nested at will.

(torch's own tree functions, `torch.utils._pytree`, are private.)
"""

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors within, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from tensors_in(part)


def with_tensors(value: Any, function: Callable[[Tensor], Any]) -> Any:
    """The same with ``function`` applied to each tensor, in the order of `tensors_in`."""
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, dict):
        return {key: with_tensors(part, function) for key, part in value.items()}
    if not isinstance(value, (tuple, list)):
        return value
    parts = [with_tensors(part, function) for part in value]
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)  # named tuples
