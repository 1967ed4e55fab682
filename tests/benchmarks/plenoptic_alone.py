"""plenoptic's pyramid, there and back, in a process that has not imported steerlens: median milliseconds.

Arguments: batch, side, scales; "gradient" for the gradient of a sum of squares, too. Called by peers.py.
"""

import sys

import plenoptic
import torch
from measure import DEVICE, side_by_side

REPEATS = 11


def plenoptic_pyramid(side: int, scales: int) -> torch.nn.Module:
    """plenoptic's pyramid: a tight frame, complex, four orientations."""
    options = {"height": scales, "order": 3, "is_complex": True, "tight_frame": True}
    return plenoptic.process.SteerablePyramidFreq((side, side), **options).to(DEVICE)


def main(batch: int, side: int, scales: int, gradient: bool) -> None:
    """Print the milliseconds."""
    torch.manual_seed(0)
    images = torch.rand(batch, 1, side, side, device=DEVICE, requires_grad=gradient)
    pyramid = plenoptic_pyramid(side, scales)

    def there_and_back() -> torch.Tensor:
        result = pyramid.recon_pyr(pyramid(images))
        return torch.autograd.grad(result.square().sum(), images)[0] if gradient else result

    with torch.set_grad_enabled(gradient):
        print(*side_by_side([there_and_back], REPEATS))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), gradient=sys.argv[4:] == ["gradient"])
