"""Digests by content: the same model, editor or images, in whichever process they were made, have one.

Of a module or function they take in parameters, buffers, plain attributes and compiled code; what its code
finds in global names is left out.
"""

import hashlib
from collections.abc import Iterator, Mapping, Set
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_OF_MODULES = frozenset(vars(nn.Module()))  # torch's own books, the mode among them
_HOOKS = ("_forward_pre_hooks", "_forward_hooks")
_PLAIN = (str, bytes, int, float, complex, bool, type(None), torch.dtype, torch.device)


def digest(*values: Any) -> str:
    """SHA-256 of values, in hexadecimal digits."""
    found = hashlib.sha256()
    for value in values:
        for part in _parts(value, ()):
            found.update(len(part).to_bytes(8, "little"))
            found.update(part)
    return found.hexdigest()


def _parts(value: Any, above: tuple[int, ...]) -> Iterator[bytes]:
    """The bytes that make a value what it is; ``above`` are the objects that it is a part of."""
    kind = type(value)
    yield f"{kind.__module__}.{kind.__qualname__}".encode()
    if id(value) in above:
        return
    inner: list[Any] = []
    if isinstance(value, _PLAIN):
        yield repr(value).encode()
    elif isinstance(value, Tensor | np.ndarray):
        yield f"{value.dtype} {tuple(value.shape)}".encode()
        yield _bytes(value)
    elif isinstance(value, Mapping):
        inner = sorted(value.items(), key=lambda item: str(item[0]))
    elif isinstance(value, Set):
        inner = sorted(value, key=repr)
    elif isinstance(value, list | tuple):
        inner = list(value)
    else:
        inner = list(_inside(value))
    for each in inner:
        yield from _parts(each, (*above, id(value)))


def _bytes(value: Any) -> bytes:
    """All bytes of a tensor or array."""
    if isinstance(value, Tensor):
        return value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
    return np.ascontiguousarray(value).tobytes()


def _inside(value: Any) -> Iterator[Any]:
    """What a module, function, class or other object is made of."""
    if isinstance(value, nn.Module):
        yield [dict(part) for part in (value._parameters, value._buffers, value._modules)]
        yield [list(getattr(value, name).values()) for name in _HOOKS]
        yield {name: each for name, each in vars(value).items() if name not in _OF_MODULES}
        yield type(value)
    elif isinstance(value, MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        yield from (value.__code__, value.__defaults__, value.__kwdefaults__, cells)
    elif isinstance(value, CodeType):
        yield from (value.co_code, value.co_names, value.co_consts)
    elif isinstance(value, type):
        own = [kind for kind in value.__mro__ if kind.__module__.split(".")[0] not in ("torch", "builtins")]
        yield [kind.__qualname__ for kind in own]
        yield [{n: f for n, f in vars(kind).items() if isinstance(f, FunctionType)} for kind in own]
    else:
        yield vars(value) if hasattr(value, "__dict__") else repr(type(value))
        yield type(value)
