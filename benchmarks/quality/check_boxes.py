"""Compares the boxes of an evaluation with the Python oracle's rule on the same maps, box by box.

    ra screen --model M --output MAPS IMAGE...            # the maps of every image of the sets
    ra evaluate CONFIG --output RUN
    python check_boxes.py --oracle DIR --evaluation RUN/downstream/TASK --maps MAPS \
        --set lesions=lesions.csv,lesions_ann.csv,lesions_neg.csv [--set ...]
    python check_boxes.py --oracle DIR --evaluation OUT --maps MAPS --manifest lesions=manifest.csv

DIR holds the package `oracle`. A set is the reference's three lists (images, box masks, masks of what counts as
false), or a manifest with the columns mask, outside_mask and box. Prints the boxes that differ; exit code 1 if any.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def listed(path):
    """The paths of a list with a header line, relative to the list's folder."""
    lines = [line.strip() for line in Path(path).read_text().splitlines()]
    return [Path(path).parent / line for line in lines[1:] if line]


class Boxes:
    """Positive and negative masks of every box of a set, in the order of boxes.csv, on the grid of the maps."""

    def __init__(self, oracle, size):
        self.oracle, self.size = oracle, size

    def prepared(self, mask):
        import torch

        transforms = self.oracle.transforms
        values = transforms.pad_to_square(torch.as_tensor(np.asarray(mask, np.float32)))
        return transforms.mask_transform(values, self.size)[0].numpy()

    def read(self, path):
        return self.prepared(self.oracle.transforms.read_image(path))

    def of_lists(self, images, positives, negatives):
        return [(image, self.read(positive), self.read(negative))
                for image, positive, negative in zip(listed(images), listed(positives), listed(negatives), strict=True)]

    def of_manifest(self, path):
        from PIL import Image

        folder, cases = Path(path).parent, {}
        for row in rows_of(path):
            image = folder / row["image"]
            width, height = Image.open(image).size
            positives = []
            if row.get("mask") and not row.get("box"):
                positives = [self.read(folder / row["mask"])]
            for box in (row.get("box") or "").split(";"):
                if box.strip():
                    numbers = [[int(word) for word in box.split()]]
                    positives.append(self.prepared(self.oracle.metrics.rasterise_boxes(numbers, height, width)))
            covered = self.read(folder / row["mask"]) if row.get("mask") else 0
            negative = self.read(folder / row["outside_mask"]) if row.get("outside_mask") else None
            cases.setdefault(image, []).append((positives, negative, covered))
        found = []
        for image, parts in cases.items():
            covered = sum(part[2] + sum(part[0]) for part in parts)
            free = (np.broadcast_to(covered, (self.size, self.size)) <= 0).astype(np.float32)
            found += [(image, positive, free if negative is None else negative)
                      for positives, negative, _ in parts for positive in positives]
        return found


def maps_by_image(folder):
    maps = {}
    for row in rows_of(folder / "scores.csv"):
        name = row.get("name") or Path(row["input"]).stem
        maps[Path(row["input"]).resolve()] = folder / f"{name}_map.npy"
    return maps


def named(text):
    name, _, value = text.partition("=")
    if not name or not value:
        raise argparse.ArgumentTypeError(f"NAME=..., not '{text}'")
    return name, value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True, help="folder with the package `oracle`")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder with boxes.csv and results.json")
    parser.add_argument("--maps", type=Path, required=True, help="output folder of ra screen")
    parser.add_argument("--set", type=named, action="append", default=[], help="NAME=IMAGES,BOXES,NEGATIVES")
    parser.add_argument("--manifest", type=named, action="append", default=[], help="NAME=FILE")
    options = parser.parse_args()
    sys.path.insert(0, str(options.oracle))
    import oracle.metrics
    import oracle.transforms

    threshold = json.loads((options.evaluation / "results.json").read_text())["threshold"]
    maps = {image: np.load(path) for image, path in maps_by_image(options.maps).items()}
    boxes = Boxes(oracle, next(iter(maps.values())).shape[-1])
    expected = {name: boxes.of_lists(*lists.split(",")) for name, lists in options.set}
    expected |= {name: boxes.of_manifest(path) for name, path in options.manifest}
    compared = differing = found = 0
    position = dict.fromkeys(expected, 0)
    for row in rows_of(options.evaluation / "boxes.csv"):
        if row["set"] not in expected:
            continue
        image, positive, negative = expected[row["set"]][position[row["set"]]]
        position[row["set"]] += 1
        wanted = oracle.metrics.localise(maps[image.resolve()], positive, negative, threshold)
        compared += 1
        found += wanted["tp"]
        if (int(row["tp"]), int(row["fp"])) != (wanted["tp"], wanted["fp"]):
            differing += 1
            print(f"{row['set']} box {row['box']} of {image}: tp {row['tp']} fp {row['fp']}, "
                  f"the oracle says {wanted['tp']} and {wanted['fp']}")
    missing = {name: len(all_boxes) - position[name] for name, all_boxes in expected.items()}
    left = sum(missing.values())
    print(f"{compared} boxes compared, {found} found, {differing} differ, {left} not judged; threshold {threshold}")
    return 1 if differing or left or compared == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
