"""Lesson 15: checks of the exercises: a logit as a direction, a number of tokens, weights of attention."""

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


@exercise("a patch is a square without overlap; then count the token that belongs to no patch.")
def check_count(side: int, patch: int) -> Key:
    """How many tokens a transformer makes of a square image."""
    row = side // patch
    slips = {
        "the class token is missing": row**2,
        "that is one row of patches": row,
        "those are pixels": side**2,
    }
    return numbers(float(row**2 + 1), "a number of tokens", 0.1, {k: float(v) for k, v in slips.items()})


@exercise(
    "scores are inner products over the square root of their length; each row is softmax over its keys."
)
def check_attention(queries: Tensor, keys: Tensor) -> Key:
    """Weights (heads, tokens, tokens) of one image, from queries and keys (heads, tokens, d)."""
    length = queries.shape[-1]
    scores = queries @ keys.mT
    right = (scores / length**0.5).softmax(-1)
    slips = {
        "the square root of the length is missing": scores.softmax(-1),
        "that divides by the length; its square root was meant": (scores / length).softmax(-1),
        "the softmax runs over the queries: columns sum to 1, not rows": (scores / length**0.5).softmax(-2),
        "that is not yet a softmax": scores / length**0.5,
    }
    kind = f"a tensor of shape {tuple(right.shape)}"
    return numbers(right, kind, 1e-4, slips, words=f"{kind} whose rows sum to 1")
