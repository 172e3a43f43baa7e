"""Whether fast and bf16 trainings reach what exact fp32 ones reach.

    python3 benchmarks/quality/training_gate.py --ra build/release/ra --data FOLDER [--work FOLDER] [--threads 1]

Trains a small network with three seeds in each of three ways (exact fp32, fast fp32, fast bf16) on pictures of FOLDER,
and compares the best squared errors on held-out ones. The gate: the mean of a way is not above the mean of exact fp32
by more than the spread (largest minus smallest) of exact fp32 from seed to seed. Exit code 1 if one fails.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

SEEDS = (1, 2, 3)
WAYS = {'exact fp32': ('exact', 'fp32'), 'fast fp32': ('fast', 'fp32'), 'fast bf16': ('fast', 'bf16')}
CONFIG = """name: gate
data:
  train: {train}
  val: {val}
model:
  image_size: 32
  channels: [8, 16, 16]
  latent_size: 32
augmentation:
  enabled: false
training:
  epochs: {epochs}
  batch_size: 8
  learning_rate: 2.0e-4
  batch_norm: frozen
  examples_every: 0
  warmup:
    epochs: {warmup}
    learning_rate: 2.0e-3
    beta_kl: 0.02
  loss:
    beta_kl: 0.02
"""


def write_list(path, files):
    """Write a list of pictures as the program reads it."""
    path.write_text('filename\n' + ''.join(f'{file}\n' for file in files))
    return path


def errors_of(run):
    """Return the smallest validation error of a run's introspective epochs, and of all."""
    rows = [json.loads(line) for line in (run / 'metrics.jsonl').read_text().splitlines()]
    key = 'Val/squared_error_average:8'
    return (min(row[key] for row in rows if row.get('phase') == 'introspective'),
            min(row[key] for row in rows if key in row), rows[0]['Val/squared_error_mean_picture'])


def train(args, folder, config, way, seed):
    """Train once; return its errors."""
    fidelity, precision = WAYS[way]
    run = folder / f'{way.replace(" ", "_")}_{seed}'
    subprocess.run([args.ra, 'train', config, '--output', run, '--seed', str(seed), '--threads', str(args.threads),
                    '--precision', precision, '--set', f'training.fidelity={fidelity}', '--quiet', '--overwrite'],
                   check=True)
    return errors_of(run)


def main():
    """Train, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--ra', required=True, help='the program')
    parser.add_argument('--data', required=True, type=pathlib.Path, help='folder of pictures')
    parser.add_argument('--work', type=pathlib.Path, help='where runs are left; a temporary folder if not given')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--warmup', type=int, default=6, help='epochs')
    parser.add_argument('--epochs', type=int, default=4, help='introspective epochs')
    parser.add_argument('--slices', type=int, default=240, help='training slices; a third as many are held out')
    args = parser.parse_args()
    folder = args.work or pathlib.Path(tempfile.mkdtemp(prefix='ra_gate_'))
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(path.resolve() for path in args.data.iterdir())
    held_out = args.slices // 3
    config = folder / 'gate.yaml'
    config.write_text(CONFIG.format(train=write_list(folder / 'train.csv', files[held_out:held_out + args.slices]),
                                    val=write_list(folder / 'val.csv', files[:held_out]), epochs=args.epochs,
                                    warmup=args.warmup))
    means, spread, passed = {}, None, True
    print('| way | best introspective error by seed | mean | spread | best of all epochs, mean |\n|---|---|---|---|---|')
    for way in WAYS:
        found = [train(args, folder, config, way, seed) for seed in SEEDS]
        errors = [error for error, _, _ in found]
        means[way] = statistics.mean(errors)
        print(f'| {way} | {" ".join(f"{error:.2f}" for error in errors)} | {means[way]:.2f} | '
              f'{max(errors) - min(errors):.2f} | {statistics.mean(best for _, best, _ in found):.2f} |', flush=True)
        spread = max(errors) - min(errors) if spread is None else spread
        fine = means[way] <= means['exact fp32'] + spread
        passed = passed and fine
    print(f'mean picture: {found[0][2]:.2f}; gate: every mean at most {means["exact fp32"] + spread:.2f}: '
          f'{"passed" if passed else "FAILED"}')
    sys.exit(0 if passed else 1)


if __name__ == '__main__':
    main()
