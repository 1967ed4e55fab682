"""Lesson 10: checkpoints of several networks, each trained from several random starts.

Networks   by name, one for each start
read       puts what was written into networks
write      writes them in half precision, with a record
"""

from pathlib import Path
from typing import Any, TypeAlias

import safetensors.torch
from torch import nn

from steerlens.data import records

Networks: TypeAlias = dict[str, list[nn.Sequential]]


def read(path: Path, remedy: str, models: Networks) -> Networks:
    """Load into networks what `write` wrote of them, and return them. Raises ValueError."""
    records.checked(path, remedy)
    values = safetensors.torch.load_file(path)
    for name, trained in models.items():
        for seed, model in enumerate(trained):
            start = f"{name}|{seed}|"
            own = {key.removeprefix(start): value for key, value in values.items() if key.startswith(start)}
            model.load_state_dict(own)
    return models


def write(path: Path, models: Networks, record: dict[str, Any]) -> Path:
    """Write networks, which become half precision, and the record that vouches for them."""
    values = {
        f"{name}|{seed}|{key}": value
        for name, trained in models.items()
        for seed, model in enumerate(trained)
        for key, value in model.half().state_dict().items()
    }
    records.write(path, safetensors.torch.save(values), record)
    return path
