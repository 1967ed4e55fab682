"""Folders in the atlas's format without an engine: blends in the place of morphs, and made-up verdicts."""

import json

import numpy as np
import pandas as pd
import torch
import zarr

import steerlens as sl

DISTANCES = (1.0, 2.0, 4.0)


def blended(images, others, distances=DISTANCES):
    """Images (N, C, H, W) moved towards others (N, T, C, H, W), all uint8, by L2 distances."""
    way = others.astype(np.float32) / 255 - images[:, None].astype(np.float32) / 255
    length = np.sqrt((way**2).sum((2, 3, 4), keepdims=True)) + 1e-9
    shares = [np.minimum(1, distance / length) for distance in distances]
    moved = [images[:, None].astype(np.float32) / 255 + share * way for share in shares]
    attained = np.stack([(share * length)[..., 0, 0, 0] for share in shares], axis=2)
    return np.round(np.stack(moved, axis=2) * 255).astype(np.uint8), attained


def rows(labels, targets, attained, random, distances, judges, classes):
    """The table: a row for each image, slot and distance; about 1 in 20 labels is not what the model sees."""
    count, slots = targets.shape
    source = np.where(random.random(count) < 0.05, (labels + 1) % classes, labels)
    index = np.stack(np.meshgrid(range(count), range(slots), range(len(distances)), indexing="ij"), -1)
    image, slot, d = index.reshape(-1, 3).T
    table = pd.DataFrame({"image": image, "label": labels[image], "source": source[image]})
    table["target"], table["slot"] = targets[image, slot], slot
    table["distance"] = np.array(distances, dtype=np.float32)[d]
    table["attained"] = attained[image, slot, d]
    ease = random.normal(size=(count, slots))[image, slot]
    table["probability_before"] = (1 / (1 + np.exp(5 - ease))).astype(np.float32)
    table["probability"] = (1 / (1 + np.exp(4 - 2 * ease - table["distance"] * 1.5))).astype(np.float32)
    first = np.round(np.exp(2 - ease / 2)).astype(int)
    for name, k in {"first_half": first, "first_sure": first + 2}.items():
        table[name] = np.where(k <= 20, k, np.nan)
    table["distance_half"] = (table["first_half"] / 5).astype(np.float32)
    table["warp_energy"] = random.random(len(table))
    for judge in judges:
        agrees = random.random(len(table)) < table["probability"]
        table[judge] = np.where(agrees, table["target"], table["source"])
        table[f"{judge}_probability"] = np.where(agrees, 0.9, 0.1)
    table["seconds"], table["error"] = 0.01, pd.Series(None, dtype="string", index=table.index)
    return table[table["target"] != table["source"]].reset_index(drop=True)


def typed(table, judges):
    """With the types of the format."""
    small = {"label": "Int16", "source": "Int16", "target": "Int16", "slot": "int16"}
    kinds = {**small, **dict.fromkeys(judges, "Int16"), "error": "string"}
    return table.astype({**dict.fromkeys(set(table) - {"image", *kinds}, "float32"), **kinds})


def break_rows(table, judges, random, broken):
    """Some pairs of image and slot without values, and why."""
    keys = table[["image", "slot"]].drop_duplicates()
    chosen = keys.iloc[random.choice(len(keys), broken, replace=False)]
    lost = pd.MultiIndex.from_frame(table[["image", "slot"]]).isin(pd.MultiIndex.from_frame(chosen))
    values = ["attained", "probability", "first_half", "first_sure", "distance_half", "warp_energy"]
    values += [name for judge in judges for name in (judge, f"{judge}_probability")]
    for name in values:
        table[name] = table[name].where(~lost)
    table.loc[lost, "error"] = "FloatingPointError: the gradient is not finite"


def write(folder, images, labels, targets="all", names=None, classes=None, broken=3, **options):
    """An atlas of images (N, C, H, W) in uint8, moved towards the first image of each target.

    Args:
        folder: where.
        images: uint8.
        labels: (N,) integers, also what the model mostly sees.
        targets: "all", or class indices (N, T).
        names: of the classes.
        classes: how many; as many as there are labels otherwise.
        broken: how many pairs of image and target have an error.
        options: distances=, judges=.
    """
    distances, judges = options.get("distances", DISTANCES), options.get("judges", ("resnet", "robust"))
    classes, random = classes or int(labels.max()) + 1, np.random.default_rng(0)
    asked = np.tile(np.arange(classes), (len(images), 1)) if isinstance(targets, str) else targets
    firsts = np.stack([images[np.argmax(labels == c)] for c in range(classes)])
    root, shape = folder / "images.zarr", images.shape[1:]
    zarr.open_group(str(root), mode="w")
    whole = (len(images), asked.shape[1], len(distances), *shape)
    sizes = {"originals": (images.shape, (256, *shape)), "morphs": (whole, (64, *whole[1:]))}
    originals, morphs = (
        zarr.open_array(str(root / name), mode="w", shape=size, chunks=chunks, dtype="uint8")
        for name, (size, chunks) in sizes.items()
    )
    originals[:] = images
    attained = np.zeros(whole[:3], dtype=np.float32)
    for start in range(0, len(images), 256):
        part = slice(start, start + 256)
        morphs[part], attained[part] = blended(images[part], firsts[asked[part]], distances)
    table = rows(labels, asked, attained, random, distances, judges, classes)
    break_rows(table, judges, random, broken)
    (folder / "table").mkdir(parents=True)
    half = len(table) // 2
    for number, part in enumerate((table[:half], table[half:])):
        typed(part, judges).to_parquet(folder / "table" / f"{number}.parquet")
    record = {"format": 1, "count": len(images), "shape": list(shape), "classes": classes, "names": names}
    record |= {"targets": targets if isinstance(targets, str) else "given", "slots": asked.shape[1]}
    record |= {"distances": list(distances), "judges": list(judges), "model": "sha256:0123456789abcdef"}
    (folder / "record.json").write_text(json.dumps(record | {"editor": "steer", "options": {"cap": 0.3}}))
    return folder


def digits(folder, count, **options):
    """Test digits, 28 x 28 grey, towards all ten classes."""
    data = sl.data.digits(train=False) if count > 1000 else sl.data.small_digits()
    images = (data.images[:count] * 255).round().to(torch.uint8).numpy()
    return write(folder, images, data.labels[:count].numpy(), names=[str(i) for i in range(10)], **options)


def noises(folder, count, shape, classes, **options):
    """Smooth random images of any shape and number of classes, each towards another class."""
    random = np.random.default_rng(1)
    grid = torch.from_numpy(random.random((count, shape[0], 7, 7), dtype=np.float32))
    images = torch.nn.functional.interpolate(grid, shape[1:], mode="bilinear") * 255
    labels = random.integers(0, classes, count)
    targets = (labels[:, None] + random.integers(1, classes, (count, 1))) % classes
    return write(folder, images.round().to(torch.uint8).numpy(), labels, targets, classes=classes, **options)
