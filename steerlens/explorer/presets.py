"""Guided presets: everything set at once, and a sentence on what to look at."""

from dataclasses import dataclass

from .settings import Settings


@dataclass(frozen=True)
class Preset:
    """A button that sets everything.

    Attributes:
        name: on the button.
        text: what to look at (HTML).
        settings: of one morph, or of two that are compared; their target is replaced by ``target``.
        gallery: a key of `galleries.GUIDED`; "" keeps gallery, image and target as they are.
        source, target: names of classes in that gallery.
        frame: where the slider stands first; at the last frame if None.
    """

    name: str
    text: str
    settings: tuple[Settings, ...]
    gallery: str = ""
    source: str = ""
    target: str = ""
    frame: int | None = None


LIVE = Settings(direction="joint")
FROZEN = Settings(regime="frozen", alpha=0.3, residual="linear")

COMPARISONS = (
    Preset(
        "Live or frozen?",
        "A takes a new gradient at every step; B is the paper's way: <i>one</i> gradient, magnified. Move "
        "the slider: both are always at the same L2 distance. Which of them gets to the target, and which of "
        "them still looks like an image?",
        (LIVE, FROZEN),
    ),
    Preset(
        "Phases or pixels?",
        "A turns phases of the pyramid, B changes pixels, both live and at the same L2 distance. Look at "
        "the <i>changes</i>: which one moves edges, and which one strews dots?",
        (Settings(), Settings(transform="pixels")),
    ),
)

GUIDED_PRESETS = (
    Preset(
        "A disk that moves",
        "A classifier tells where the disk is, and here is asked for another side. One gradient, magnified: "
        "press play. The change shows light on one side and dark on the other, which is what motion "
        "looks like. <i>Try</i>: fix the low-pass residual, and the disk stays.",
        (Settings(regime="frozen", alpha=0.2, steps=60, residual="linear"),),
        "disks",
        "Down",
        "Left",
        frame=36,
    ),
    Preset(
        "3 becomes 8",
        "Many small steps of phase and amplitude, a new gradient at each. Watch the two open ends of the 3 "
        "close. <i>Try</i>: let only the coarse scale change, then only the fine one.",
        (LIVE,),
        "digits",
        "3",
        "8",
    ),
    Preset(
        "Sad becomes happy",
        "Look at the corners of the mouth and at the cheeks; the change is red where it gets brighter and "
        "blue where it gets darker. <i>Try</i>: the other direction, from happy to sad.",
        (Settings(),),
        "faces",
        "sad",
        "happy",
    ),
    Preset(
        "A score without a change",
        "The same face with its pixels edited, in small steps. The score rises at once; when do <i>you</i> "
        "see a smile? A high score says that <i>this classifier</i> is convinced, not that you would be.",
        (Settings(transform="pixels", cap=0.01, steps=12),),
        "faces",
        "sad",
        "happy",
    ),
    *COMPARISONS,
)
