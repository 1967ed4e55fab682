"""The Python code that makes again what the explorer shows."""

from collections.abc import Sequence

from .galleries import Gallery
from .settings import Domain, Settings, arguments


def code(gallery: Gallery, row: int, settings: Sequence[Settings], position: float) -> str:
    """Code that ends with the image on the screen, or with the two of a comparison.

    Args:
        gallery, row: which image.
        settings: one morph, or two that are compared.
        position: k of the frame, or the L2 distance of a comparison.
    """
    place = gallery.places[row]
    lines = ["import steerlens as sl"]
    chosen = [name for name, used in _helpers(place, settings).items() if used]
    lines += [f"from steerlens.explorer import {', '.join(chosen)}"] if chosen else []
    lines += ["", gallery.setup, f"image = {place}"]
    names = [""] if len(settings) == 1 else ["_a", "_b"]
    for name, each in zip(names, settings, strict=True):
        function, given = arguments(each)
        options = ", ".join(f"{key}={value!r}" for key, value in given.items())
        lines += [
            "",
            f"transform{name} = {transform_code(each, gallery.domain)}",
            f"morph{name} = sl.{function}(model, image, {each.target}, transform{name}, {options})",
        ]
        lines += [_shown(name, position, compared=len(settings) == 2)]
    return "\n".join(lines) + "\n"


def _helpers(place: str, settings: Sequence[Settings]) -> dict[str, bool]:
    """Names of ``steerlens.explorer`` that the code may need, and whether it does."""
    chosen = any(each.cells is not None and each.transform == "pyramid" for each in settings)
    return {"ChosenBands": chosen, "opened": place.startswith("opened(")}


def _shown(name: str, position: float, compared: bool) -> str:
    """The line that takes the image from its morph."""
    if position == 0:
        return f"shown{name} = image"
    if compared:
        return f"shown{name}, _ = morph{name}.at_distance({position!r})"
    return f"shown{name} = morph{name}.frames[:, {position:g}]  # k = {position:g}"


def transform_code(settings: Settings, domain: Domain) -> str:
    """The expression that makes `make_transform`'s transform."""
    if settings.transform == "pyramid":
        inner = (
            f"sl.SteerablePyramid({domain.shape}, {domain.scales}, {domain.orientations}, {domain.padding})"
        )
    else:
        inner = f"sl.{settings.transform.capitalize()}({domain.shape})"
    inner = f"sl.color.YIQ({inner})" if settings.luminance else inner
    chosen = settings.transform == "pyramid" and settings.cells is not None
    return f"ChosenBands({inner}, {settings.cells})" if chosen else inner
