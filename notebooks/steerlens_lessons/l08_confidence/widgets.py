"""Lesson 08: the widget that puts driver and judges beside every frame."""

from collections.abc import Mapping, Sequence

import ipywidgets
import torch
from torch import Tensor, nn

from steerlens import Morph
from steerlens.morphs.scores import batched_logits
from steerlens.plot.widgets import StillBox, image_png, viewer


def verdict(name: str, p: Tensor, target: int) -> str:
    """What one network sees: its likeliest class, in bold where it is the target, then p of the target."""
    seen = int(p.argmax())
    word = f"<b>{seen}</b>" if seen == target else str(seen)
    return f"{name} sees {word} ({p[target]:.2f})"


def witnesses(
    morphs: Mapping[str, Morph], networks: Mapping[str, nn.Module], still: Sequence[tuple[str, int, int]]
) -> StillBox:
    """Widget: choose an editor, a digit and a frame; driver and judges say what they see.

    Args:
        morphs: by editor, of the same sources and targets, and of as many frames.
        networks: by name, drivers and judges.
        still: editor, digit and frame of the views for a reader without a kernel.
    """
    said = {
        editor: torch.stack(
            [
                batched_logits(network, morph.frames.flatten(0, 1))
                .softmax(1)
                .unflatten(0, morph.distances.shape)
                for network in networks.values()
            ]
        )
        for editor, morph in morphs.items()
    }
    first = next(iter(morphs.values()))

    def view(editor: str, row: int, frame: int) -> tuple[bytes, str]:
        morph, target = morphs[editor], int(first.targets[row])
        png = image_png(torch.cat(list(morph.frames[row, [0, frame]]), dim=-1))
        lines = (verdict(name, p[row, frame], target) for name, p in zip(networks, said[editor], strict=True))
        asked = f"asked for {target}, L2 {morph.distances[row, frame]:.1f} (p of the target in brackets)"
        return png, "; ".join([asked, *lines])

    editor = ipywidgets.Dropdown(options=list(morphs), value=still[0][0], description="editor")
    rows = [(f"{s} → {t}", i) for i, (s, t) in enumerate(zip(first.sources, first.targets, strict=True))]
    row = ipywidgets.Dropdown(options=rows, value=still[0][1], description="digit")
    frame = ipywidgets.IntSlider(still[0][2], 0, len(first.steps) - 1, description="frame")
    words = f"Choose one of {len(morphs)} editors, a digit and a frame; driver and judges say what they see."
    return viewer([editor, row, frame], view, still, words, [ipywidgets.HBox([editor, row]), frame])
