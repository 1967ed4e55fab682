"""The job of an atlas: all that its pieces depend on beside the images."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from .edits import MultiEditor
from .sources import Source
from .store import Layout


@dataclass(frozen=True)
class Job:
    """All that a piece depends on beside its images.

    Attributes:
        layout: the folder, and which images are whose.
        source: where images are read; None where they are sent.
        model: the driver.
        judges: by name.
        targets: "all", "second", or class indices (n, slots) of all images.
        classes: how many.
        editor: to several distances.
        held: about how many images the editor holds for one.
        distances: L2, increasing.
        warp: whether the warp energy is measured.
        settings: digest of all of these but the images.
    """

    layout: Layout
    source: Source | None
    model: nn.Module
    judges: Mapping[str, nn.Module]
    targets: str | Tensor
    classes: int
    editor: MultiEditor
    held: int
    distances: tuple[float, ...]
    warp: bool
    settings: str
