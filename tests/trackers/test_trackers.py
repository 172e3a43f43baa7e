"""Reads runs back with the programs that they are made for; see scripts/test_trackers."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from PIL import Image

from read_back import (check_row, check_tensorboard, check_wandb, items, only, tensorboard_points, wandb_folder,
                       wandb_records)
from stand_in_server import StandInServer
from truth import Truth

RA = pathlib.Path(sys.argv[1]).resolve()
WANDB = pathlib.Path(sys.executable).parent / 'wandb'
SECONDS = 120
RATES = ('slices_per_second',)


def ra(*words, cwd=None, code=0):
    result = subprocess.run([RA, *map(str, words)], cwd=cwd, capture_output=True, text=True,
                            env={**os.environ, 'OMP_NUM_THREADS': '1'})
    assert result.returncode == code, (words, result.returncode, result.stdout, result.stderr)
    return result


def trained_run(folder):
    """A run of a few seconds with every kind of row, watched by both sinks."""
    ra('synthesize', '--output', '.', '--count', 8, '--seed', 3, '--lesions', cwd=folder)
    (folder / 'tiny.yaml').write_text('''name: tiny
output: run
data: {train: lists/train.csv, val: lists/val.csv, test: lists/test.csv}
model: {image_size: 32, channels: [4, 4], latent_size: 8}
training: {epochs: 2, warmup: {epochs: 1}, examples_every: 1}
tracking: {sinks: [tensorboard, wandb], project: brains, name: first try}
downstream_tasks:
  - name: scores
    kind: detection
    datasets:
      - {name: Normal, test: lists/test.csv}
      - {name: lesions, test: lists/lesions.csv, labels: lists/lesions_ann.csv}
''')
    ra('run', 'tiny.yaml', cwd=folder)
    return folder / 'run'


def long_run(folder, steps):
    """A made-up run of many rows, with what is hard to write down: extreme numbers, long texts, records of many blocks."""
    draw = random.Random(5)
    run = folder / 'long'
    (run / 'figures').mkdir(parents=True)
    paths = [f'lists/{"a" * 60}_{k}.png' for k in range(1500)]
    (run / 'config.yaml').write_text('name: long\nseed: 9007199254740993\ndata:\n  train:\n' +
                                     ''.join(f'    - {path}\n' for path in paths))
    (run / 'config.yaml').write_text(ra('config', 'show', run / 'config.yaml').stdout)
    extremes = [0.0, -0.0, 5e-324, 1.7976931348623157e308, -1e-5, 0.1, 1 / 3, 1e16, 123456789.123456789]
    with open(run / 'metrics.jsonl', 'w') as file:
        for epoch in range(steps):
            row = {'epoch': epoch, 'phase': draw.choice(['warmup', 'introspective', 'gr\u00fcn \u2713 "\\']),
                   'lr': draw.choice(extremes), 'count': draw.randint(-2**53, 2**53), 'Val/Val_loss_pl': None}
            row.update({f'Train/Loss_{k}': draw.uniform(-1, 1) * 10 ** draw.randint(-300, 300) for k in range(12)})
            if epoch % 1000 == 7:
                row['note'] = 'long ' * draw.randint(6000, 50000)
            row.update(_step=epoch, _timestamp=1.7e9 + epoch * 0.25 + draw.random() / 8, _runtime=epoch * 0.25)
            file.write(json.dumps(row, ensure_ascii=False) + '\n')
            if epoch % 500 == 0:
                noise = Image.effect_noise((97, 61), 80 + epoch / 100)
                (noise if epoch % 1000 else Image.merge('RGB', [noise] * 3)).save(
                    run / 'figures' / f'epoch_{epoch:04}.png')
        file.write(json.dumps({'phase': 'end', '_exit_code': 143, '_step': steps - 1, '_timestamp': 1.7e9 + steps,
                               '_runtime': float(steps)}) + '\n')
    return run


def require_equal_folders(one, other):
    files = {path.relative_to(one) for path in one.rglob('*') if path.is_file()}
    assert files == {path.relative_to(other) for path in other.rglob('*') if path.is_file()}
    for file in files:
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


def sync(server, *words):
    """Starts `wandb sync` towards the stand-in, with nothing of this machine's own settings."""
    home = tempfile.mkdtemp(dir=FOLDER)
    environment = {'PATH': os.environ['PATH'], 'HOME': home, 'WANDB_BASE_URL': server.url,
                   'WANDB_API_KEY': server.api_key, 'WANDB_ERROR_REPORTING': 'false', 'NO_PROXY': '127.0.0.1'}
    return subprocess.Popen([WANDB, *map(str, words)], env=environment, cwd=home, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def check_synced(truth, server, run, project, name, exit_code):
    bucket = server.runs[run]
    assert (bucket['project'], bucket['displayName']) == (project, name)
    config = json.loads(bucket['config'])
    config.pop('_wandb')  # what the uploading program says of itself
    assert {key: entry['value'] for key, entry in config.items()} == truth.config
    history = server.history(run)
    assert len(history) == len(truth.rows)
    values = 0
    for row, shown in zip(truth.rows, history):
        values += check_row(truth, row, shown, lambda path: server.files[run, path])[0]
    newest = {key: value for shown in history for key, value in shown.items()}
    summary = json.loads(server.files[run, 'wandb-summary.json'])
    summary.pop('_wandb', None)
    assert summary == newest, {key for key in newest if summary.get(key) != newest[key]}
    assert server.ends[run] == exit_code, server.ends
    assert not server.unknown, server.unknown
    media = sum(1 for of, path in server.files if of == run and path.startswith('media/'))
    return f'{len(history)} rows with {values} values and {media} media files, exit code {exit_code}'


def check_sync(truth, output, project, name, exit_code):
    server = StandInServer()
    folder = wandb_folder(output)
    done = sync(server, 'sync', folder)
    out, _ = done.communicate(timeout=SECONDS)
    assert done.returncode == 0, out
    result = check_synced(truth, server, folder.name.rsplit('-', 1)[1], project, name, exit_code)
    server.close()
    return result


def check_live_sync(truth, output, project, name, exit_code):
    """`wandb beta sync --live` beside a file that grows, record by record, as a run writes it."""
    source = wandb_folder(output)
    target = FOLDER / 'live' / source.name
    shutil.copytree(source / 'files', target / 'files')
    log = only(source.glob('run-*.wandb'))
    content, ends = log.read_bytes(), record_ends(wandb_records(output))
    server, run = StandInServer(), source.name.rsplit('-', 1)[1]
    with open(target / log.name, 'wb', buffering=0) as file:
        file.write(content[:ends[2]])
        done = sync(server, 'beta', 'sync', '--live', target)
        grown = 0
        for begin, end in zip(ends[2:], ends[3:] + [len(content)]):
            if begin == ends[-3]:  # all but the end: rows must be on the server before the run is over
                wait_until(lambda: server.lines.get(run) and len(server.history(run)) > 0)
                grown = len(server.history(run))
            file.write(content[begin:end])
            time.sleep(0.01)
    out, _ = done.communicate(timeout=SECONDS)
    assert done.returncode == 0, out
    assert grown > 0
    result = check_synced(truth, server, run, project, name, exit_code)
    server.close()
    return f'{result}; {grown} rows before the run ended'


def record_ends(records):
    """Where each record ends in the file, by the lengths that the reader found."""
    ends, at = [], 7
    for _, length in records:
        while True:
            left = 32768 - at % 32768
            if left < 7:
                at += left
                continue
            part = min(length, left - 7)
            at, length = at + 7 + part, length - part
            if length == 0:
                break
        ends.append(at)
    return ends


def wait_until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, 'it did not happen in time'
        time.sleep(0.05)


def check_trained_run():
    run = trained_run(FOLDER)
    truth = Truth(run)
    assert truth.exit_code == 0
    assert any('Test/Test_loss_rec' in row for row in truth.rows) and any('evaluation' in row for row in truth.rows)
    print('trained run, W&B:        ', check_wandb(truth, run, 'brains', 'first try'))
    print('trained run, TensorBoard:', check_tensorboard(truth, run))
    ra('track', 'export', run, '--wandb', '--tensorboard', '--output', FOLDER / 'again')
    for sink in ('wandb', 'tensorboard'):
        require_equal_folders(run / sink, FOLDER / 'again' / sink)
    print('trained run, exported:    the same bytes')
    print('trained run, synced:     ', check_sync(truth, run, 'brains', 'first try', 0))
    print('trained run, synced live:', check_live_sync(truth, run, 'brains', 'first try', 0))


def check_long_run(steps=5000):
    run = long_run(FOLDER, steps)
    truth = Truth(run)
    ra('track', 'export', run, '--wandb', '--tensorboard')
    print('long run, W&B:           ', check_wandb(truth, run, 'long', 'long'))
    print('long run, TensorBoard:   ', check_tensorboard(truth, run))
    print('long run, synced:        ', check_sync(truth, run, 'long', 'long', 143))


def without_clocks(output):
    """What a run's sinks say, but for what differs from start to start: clocks, rates and the name that comes of them."""
    rows = []
    for record, _ in wandb_records(output):
        if record.WhichOneof('record_type') != 'history':
            continue
        row = items(record.history.item)
        rows.append({key: value for key, value in row.items() if key not in ('_timestamp', '_runtime') + RATES})
    return rows, [point for point in tensorboard_points(output) if point[0] not in RATES]


def check_resumed_run():
    """Killed, and gone on with: the sinks say the same as those of a run that was never stopped."""
    settings = ['--set', 'training.epochs=12', '--set', 'training.checkpoints.minutes=0', '--quiet', '--log-level', 'error']
    ra('train', 'tiny.yaml', '--output', 'undisturbed', *settings, cwd=FOLDER)

    def start(*words):
        return subprocess.Popen([RA, 'train', *words], cwd=FOLDER, stdout=subprocess.DEVNULL,
                                env={**os.environ, 'OMP_NUM_THREADS': '1'})

    process = start('tiny.yaml', '--output', 'killed_and_resumed', *settings)
    run, kills = FOLDER / 'killed_and_resumed', 0
    for rows in (3, 6, 9):
        wait_until(lambda: process.poll() is not None or
                   (run / 'metrics.jsonl').exists() and len((run / 'metrics.jsonl').read_text().splitlines()) >= rows)
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        process = start('--resume', run, '--quiet', '--log-level', 'error')
    assert process.wait(SECONDS) == 0 and kills > 0
    truth = Truth(run)
    found = check_wandb(truth, run, 'brains', 'first try'), check_tensorboard(truth, run)
    assert without_clocks(run) == without_clocks(FOLDER / 'undisturbed')
    print(f'resumed run ({kills} kills): ', '; '.join(found), '; as if never stopped', sep='')


def check_killed_run():
    """Without an end, W&B shows a run as failed."""
    run = FOLDER / 'killed'
    run.mkdir()
    shutil.copy(FOLDER / 'run' / 'config.yaml', run)
    rows = (FOLDER / 'run' / 'metrics.jsonl').read_text().splitlines(keepends=True)[:3]
    (run / 'metrics.jsonl').write_text(''.join(rows) + rows[-1][:-20])
    result = ra('track', 'export', run, '--wandb', '--tensorboard')
    assert 'not finished' in result.stderr
    (run / 'metrics.jsonl').write_text(''.join(rows))
    truth = Truth(run)
    print('killed run, W&B:         ', check_wandb(truth, run, 'brains', 'first try'))
    print('killed run, synced:      ', check_sync(truth, run, 'brains', 'first try', 1))


with tempfile.TemporaryDirectory() as name:
    FOLDER = pathlib.Path(name)
    check_trained_run()
    check_resumed_run()
    check_killed_run()
    check_long_run()
print('every record was read back')
