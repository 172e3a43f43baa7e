"""Which part of screening bears bfloat16: scores with one part rounded, beside those in float32.

    .deps/peers/bin/python benchmarks/quality/bf16_parts.py --model M [--data DIR] [--lesions 3] [--limit N] [--threads 1]

The oracle's network with batch norm folded, LPIPS with SqueezeNet, mean latent. A part in bf16 has its convolutions' inputs
and results rounded to 8 bits of mantissa. Slices of the IXI test list in the shared folder DIR (RA_SHARED, or `shared` beside
the project), and copies of each with a bright or dark spot. Prints Spearman's rank correlation with the scores in float32,
and mean and standard deviation of the relative difference. For what a gate decides there is backend_gate.py.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from torch.nn import functional

from backend_gate import ROOT, held_out

SLOPE = 0.2


def spotted(image, random):
    """A copy of [1,S,S] with a smooth spot inside the head."""
    copy = image.clone()
    pixels = copy[0].numpy()
    centre = random.choice(np.argwhere(pixels > 0.3))
    y, x = np.mgrid[:pixels.shape[0], :pixels.shape[1]]
    spot = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / (2 * random.uniform(2, 7) ** 2))
    pixels += (spot * random.uniform(-0.5, 0.5) * (pixels > 0.1)).astype(np.float32)
    np.clip(pixels, 0, 1, out=pixels)
    return copy


def convolved(x, weight, bias, rounded):
    kind = torch.bfloat16 if rounded else torch.float32
    return functional.conv2d(x.to(kind), weight.to(kind), None if bias is None else bias.to(kind),
                             padding=weight.shape[2] // 2).float()


def folded(convolution, norm):
    factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return convolution.weight * factor.view(-1, 1, 1, 1), norm.bias - norm.running_mean * factor


def block(layer, x, rounded):
    skip = x if layer.conv_expand is None else convolved(x, layer.conv_expand.weight, None, rounded)
    hidden = functional.leaky_relu(convolved(x, *folded(layer.conv1, layer.bn1), rounded), SLOPE)
    y = functional.leaky_relu(convolved(hidden, *folded(layer.conv2, layer.bn2), rounded) + skip, SLOPE)
    return y.bfloat16().float() if rounded else y


def reconstruction(model, image, parts):
    """[1,1,S,S] of [1,S,S]; `parts` are the names of what runs in bf16."""
    layers = list(model.encoder.main.named_children())
    y = convolved(image[None], *folded(layers[0][1], layers[1][1]), "encoder" in parts)
    y = functional.avg_pool2d(functional.leaky_relu(y, SLOPE), 2)
    for name, layer in layers[4:]:
        y = block(layer, y, "encoder" in parts) if name.startswith("res") else layer(y)
    y = model.decoder.fc(model.encoder.fc(y.flatten(1)).chunk(2, 1)[0]).reshape(1, *model.decoder.feature_shape)
    layers = list(model.decoder.main.named_children())
    last = [name for name, _ in layers if name.startswith("res")][-1]
    for name, layer in layers:
        part = "last block" if name in (last, "predict") else "decoder"
        if name.startswith("res"):
            y = block(layer, y, part in parts)
        elif name == "predict":
            y = convolved(y, layer.weight, layer.bias, part in parts)
        else:
            y = layer(y)
    return y


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RA_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--lesions", type=int, default=3, help="spotted copies of each slice")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


@torch.no_grad()
def main():
    options = parsed()
    sys.path.insert(0, str(options.data.resolve()))
    from oracle import anomaly_map, transforms
    from oracle.reference_score import model_from_state

    torch.set_num_threads(options.threads)
    stored = torch.load(options.model, map_location="cpu", weights_only=True)
    model = model_from_state(stored.get("model_weights", stored))
    lpips = anomaly_map.SqueezeLpips.from_folder(options.data / "weights/lpips_squeeze")
    random = np.random.default_rng(3)
    images = []
    for file in held_out(options.data)[:options.limit]:
        image = transforms.evaluation_transform(transforms.read_image(file))
        images += [image, *(spotted(image, random) for _ in range(options.lesions))]

    def rounded_lpips(first, second):
        with torch.autocast("cpu", torch.bfloat16):
            return lpips(first, second).float()

    def scores(parts):
        distance = rounded_lpips if "distance" in parts else lpips
        return np.array([anomaly_map.compute(image[0].numpy(), reconstruction(model, image, parts)[0, 0].numpy(),
                                             distance)["score"] for image in images])

    exact = scores(())
    print(f"{len(images)} slices\n\n| in bf16 | rank correlation | mean difference | standard deviation |\n"
          "|---|---:|---:|---:|")
    for parts in (("encoder", "decoder", "last block"), ("encoder",), ("decoder", "last block"), ("last block",),
                  ("encoder", "decoder"), ("distance",)):
        found = scores(parts)
        difference = found / exact - 1
        print(f"| {', '.join(parts)} | {spearmanr(exact, found).statistic:.4f} | {difference.mean():+.2%} | "
              f"{difference.std():.2%} |", flush=True)


if __name__ == "__main__":
    main()
