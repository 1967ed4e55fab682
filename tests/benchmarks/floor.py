"""How near the library comes to what it cannot do without: its FFTs, and the model's own passes.

The floor of a run is recorded: every call of torch.fft that it makes, at the same chunks, made again alone
(``measure.RecordedFFTs``). Beside it the frozen morph of a user of plenoptic, written out below; how time and
memory grow. Runs on a GPU where there is one (but for the memory of the process).
"""

import json
import math
import subprocess
import sys

import plenoptic
import torch
from measure import DEVICE, RecordedFFTs, peak, report, side_by_side
from torch import Tensor, nn

import steerlens as sl
from steerlens import SteerablePyramid
from steerlens.data.images import ImageData

CASES = [(1, 64, 3), (1, 224, 4), (256, 64, 3), (64, 128, 4), (64, 224, 4), (16, 256, 5), (4, 512, 5)]
SIDES, BATCHES = (32, 64, 128, 256, 512), (1, 4, 16, 64, 256, 1024)
MORPHS, STEPS = 64, 24
REPEATS = 15


@torch.no_grad()
def transforms(batch: int, side: int, scales: int) -> dict:
    """Analyse and synthesise beside the FFTs of both."""
    images = torch.rand(batch, 1, side, side, device=DEVICE)
    pyramid = SteerablePyramid((side, side), scales, 4)

    def there_and_back() -> Tensor:
        return pyramid.synthesize(pyramid.analyze(images))

    times = side_by_side([there_and_back, RecordedFFTs(there_and_back)], REPEATS)
    return row(f"{batch} x {side}x{side}, {scales} scales", *times)


def row(name: str, time: float, *floors: float) -> dict:
    """A row of the tables of floors; the floor is the sum of what is given."""
    floor = sum(floors)
    return {"": name, "steerlens ms": time, "floor ms": floor, "ratio": time / floor}


def digits() -> tuple[ImageData, Tensor, Tensor]:
    """MNIST where it is, else scikit-learn's digits; some images; the class after their own as target."""
    data = sl.data.digits()
    return data, data.images[:MORPHS].to(DEVICE), (data.labels[:MORPHS].to(DEVICE) + 1) % 10


def with_plenoptic(model: nn.Module, images: Tensor, targets: Tensor, alpha: float = 1.0) -> Tensor:
    """A frozen morph as a user of plenoptic writes it: Eq. 9-11, every frame scored; the target's p."""
    padded = nn.functional.pad(images, [2] * 4)
    options = {"height": 3, "order": 3, "is_complex": True, "tight_frame": True}
    pyramid = plenoptic.process.SteerablePyramidFreq(padded.shape[-2:], **options).to(DEVICE)

    def image(coefficients: dict) -> Tensor:
        return pyramid.recon_pyr(coefficients)[..., 2:-2, 2:-2]

    leaves = {key: part.detach().requires_grad_() for key, part in pyramid(padded).items()}
    score = model(image(leaves)).log_softmax(1).gather(1, targets[:, None]).sum()
    gradients = dict(zip(leaves, torch.autograd.grad(score, list(leaves.values())), strict=True))
    with torch.no_grad():
        source = {key: part.detach() for key, part in leaves.items()}
        complex_keys = [key for key, part in source.items() if part.is_complex()]
        shifts = {}
        for key in complex_keys:
            S, g = source[key], gradients[key] / 2  # torch's gradient is twice the paper's
            shifts[key] = torch.angle(1 + alpha * g / torch.where(S == 0, 1, S))
        amplitudes = {key: source[key].abs() for key in complex_keys}
        phases = {key: source[key].angle() for key in complex_keys}
        probabilities = [model(images).softmax(1)]
        for k in range(1, STEPS + 1):
            edited = dict(source)
            for key in complex_keys:
                edited[key] = torch.polar(amplitudes[key], phases[key] + k * shifts[key])
            slope = gradients["residual_lowpass"]
            edited["residual_lowpass"] = source["residual_lowpass"] + k * alpha * slope
            probabilities.append(model(image(edited).clamp(0, 1)).softmax(1))
    chosen = targets[:, None, None].expand(-1, STEPS + 1, 1)
    return torch.stack(probabilities, 1).gather(2, chosen)[..., 0]


def frozen() -> dict[str, list[dict]]:
    """Frozen morphs of a classifier that costs next to nothing and of LeNet, beside both yardsticks."""
    data, images, targets = digits()
    pyramid = SteerablePyramid(tuple(images.shape[-2:]), 3, 4, padding=2)
    torch.manual_seed(0)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(images[0].numel(), 10)).to(DEVICE)
    floors, peers = [], []
    for name, model in (("linear classifier", linear), ("LeNet", sl.models.load("lenet", data).to(DEVICE))):
        model.requires_grad_(False)

        def morph(model: nn.Module = model) -> Tensor:
            options = {"steps": STEPS, "progress": False}
            return sl.extrapolate(model, images, targets, pyramid, **options).target_probabilities

        def user(model: nn.Module = model) -> Tensor:
            return with_plenoptic(model, images, targets)

        def scoring(model: nn.Module = model) -> None:
            forward_and_backward(model, images, targets)
            with torch.no_grad():
                for _ in range(STEPS):
                    model(images)

        apart = (morph() - user()).abs().median().item()
        ours, peer, *floor = side_by_side([morph, user, RecordedFFTs(morph), scoring], 7)
        floors.append(row(f"{name}: FFTs alone", ours, floor[0]))
        floors.append(row(f"{name}: FFTs and model", ours, *floor))
        columns = {"": name, "steerlens ms": ours, "plenoptic ms": peer, "ratio": peer / ours}
        peers.append({**columns, "p apart, median": apart})
    title = f"Frozen morph of {MORPHS} digits, {STEPS} frames"
    return {f"{title}, beside a user's loop with plenoptic": peers, f"{title}, beside its floor": floors}


def forward_and_backward(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """The model's own part of a gradient."""
    leaf = images.detach().requires_grad_()
    score = model(leaf).log_softmax(1).gather(1, targets[:, None]).sum()
    return torch.autograd.grad(score, leaf)[0]


def live() -> list[dict]:
    """Live steering beside the model's passes and the FFTs: a step has two analyses and a synthesis."""
    data, images, targets = digits()
    pyramid = SteerablePyramid(tuple(images.shape[-2:]), 3, 4, padding=2)
    model = sl.models.load("lenet", data).to(DEVICE).requires_grad_(False)
    rows = []
    for direction in ("phase", "joint"):

        def morph(direction: str = direction) -> object:
            options = {"direction": direction, "steps": STEPS, "progress": False}
            return sl.steer(model, images, targets, pyramid, **options)

        def passes() -> None:
            for _ in range(STEPS):
                forward_and_backward(model, images, targets)

        rows.append(row(f"direction {direction!r}", *side_by_side([morph, RecordedFFTs(morph), passes], 7)))
    return rows


@torch.no_grad()
def growth() -> list[dict]:
    """Time against pixels, over sides (16 images) and over batches (64x64), with the slope in log-log."""
    rows = []
    for name, cases in (
        ("side", [(16, side) for side in SIDES]),
        ("batch", [(batch, 64) for batch in BATCHES]),
    ):
        points = []
        for batch, side in cases:
            images = torch.rand(batch, 1, side, side, device=DEVICE)
            pyramid = SteerablePyramid((side, side), 3, 4)
            (time,) = side_by_side([lambda i=images, p=pyramid: p.synthesize(p.analyze(i))], REPEATS)
            points.append((math.log(images.numel()), math.log(time)))
            slope = (points[-1][1] - points[-2][1]) / (points[-1][0] - points[-2][0]) if points[1:] else None
            megapixels = images.numel() / 1e6
            columns = {"over": name, "batch x side": f"{batch} x {side}x{side}", "megapixels": megapixels}
            rates = {"ms": time, "ms a megapixel": time / megapixels, "slope": "" if slope is None else slope}
            rows.append({**columns, **rates})
    return rows


def memory() -> list[dict]:
    """Peak memory of frozen morphs, each in a process of its own, beside the frames that they return."""
    rows = []
    for batch, frames, memory in (
        *((64, 24, None), (128, 24, None), (256, 24, None), (256, 96, None)),
        *((256, 24, 64), (256, 24, 256)),
    ):
        command = [sys.executable, __file__, str(batch), str(frames), str(memory or "")]
        answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        returned = batch * (frames + 1) * 64 * 64 * 4 / 2**20
        rows.append(
            {
                "morphs x frames, 64x64": f"{batch} x {frames}",
                "memory=": str(memory),
                "peak MiB": answer["megabytes"],
                "of it the frames MiB": returned,
                "the rest MiB": answer["megabytes"] - returned,
                "seconds": answer["seconds"],
            }
        )
    return rows


def morph_memory(batch: int, frames: int, memory: float | None) -> dict[str, float]:
    """Peak megabytes and seconds of one morph of Arcade's shapes."""
    shapes = sl.data.arcade(batch, seed=0)
    model, pyramid = sl.models.load("arcade", shapes), SteerablePyramid((64, 64), 3, 4)
    options = {"memory": memory, "progress": False}
    sl.extrapolate(model, shapes.images[:2], 0, pyramid, steps=2, **options)
    return peak(lambda: sl.extrapolate(model, shapes.images, 0, pyramid, steps=frames, **options))


def main() -> None:
    """Print the tables and write build/benchmarks/floor.json."""
    torch.manual_seed(0)
    tables = {
        "Analyse and synthesise, beside their FFTs": [transforms(*case) for case in CASES],
        **frozen(),
        f"Live steering of {MORPHS} digits, {STEPS} steps, beside LeNet's passes and the FFTs": live(),
        "Analyse and synthesise as work grows (3 scales)": growth(),
    }
    if DEVICE.type == "cpu":
        tables["Peak memory of frozen morphs"] = memory()
    report("floor", tables, plenoptic=plenoptic.__version__, repeats=REPEATS)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(morph_memory(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3] or 0) or None)))
    else:
        main()
