"""Lesson 15, tokens: the check of the exercise."""

from torch import Tensor, nn

from steerlens.morphs.objectives import channel, direction

from ..common.exercises import Key, exercise, numbers


@exercise(
    "the logit is a row of `vit.heads.head.weight` times the class token behind the last norm, `encoder.ln`; "
    "which place is that token's?"
)
def check_class_direction(model: nn.Module, images: Tensor, label: int) -> Key:
    """The objective whose scores are a class's logit, less its bias, by the length of the class's weights."""
    layer, weights = "encoder.ln", model.heads.head.weight
    right = direction(model, layer, weights[label], place=0)
    kind = f"an objective, a direction of {layer!r}"
    slips = {
        "that is the mean over all tokens; the head reads one": direction(model, layer, weights[label]),
        "the head never sees the tokens of the image": direction(model, layer, weights[label], place="image"),
        "that is token 1, the patch at the upper left; count from 0": direction(
            model, layer, weights[label], place=1
        ),
        "the class token is that of the last norm, not that of the layer before it": direction(
            model, "encoder.layers.encoder_layer_3", weights[label], place=0
        ),
        "that is a channel, and no channel is a class": channel(model, layer, label, place=0),
        "that is the direction away from the class": -1 * right,
    }
    tolerance = 1e-4 * (1 + right(images).abs().max().item())
    words = f"{kind}, along the class's weights, at the class token"
    return numbers(right, kind, tolerance, slips, words=words, of=lambda objective: objective(images))
