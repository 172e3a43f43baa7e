"""Compares what W&B's and TensorBoard's own readers find in a run's sinks with the run folder. Each function returns
what it looked at, for the test to print."""
import hashlib
import json
import pathlib
import warnings

import numpy
import yaml
from google.protobuf.unknown_fields import UnknownFieldSet
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

warnings.filterwarnings('ignore')
from wandb.proto import wandb_internal_pb2  # noqa: E402
from wandb.sdk.internal.datastore import DataStore  # noqa: E402

BLOCK = 32768


def only(paths):
    paths = list(paths)
    assert len(paths) == 1, paths
    return paths[0]


def wandb_folder(output):
    return only(pathlib.Path(output).glob('wandb/offline-run-*'))


def wandb_records(output):
    store, records = DataStore(), []
    store.open_for_scan(str(only(wandb_folder(output).glob('run-*.wandb'))))
    while (data := store.scan_data()) is not None:
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        assert record.WhichOneof('record_type') and record.num == len(records) + 1
        require_known(record)
        records.append((record, len(data)))
    return records


def require_known(message):
    """Fails for a field that W&B does not know."""
    assert len(UnknownFieldSet(message)) == 0, message
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for one in value if field.is_repeated else [value]:
                require_known(one)


def items(entries):
    return {entry.key: json.loads(entry.value_json) for entry in entries}


def check_row(truth, row, shown, media):
    """A history row as W&B has it against the truth; `media(path)` gives a file's bytes."""
    expected = truth.values(row)
    for clock in ('_step', '_timestamp', '_runtime'):
        assert shown[clock] == row[clock], (clock, shown, row)
    picture, tables = truth.picture(row), truth.tables(row)
    extra = ({picture[0]} if picture else set()) | set(tables)
    assert set(shown) == set(expected) | extra | {'_step', '_timestamp', '_runtime'}, set(shown) ^ set(expected)
    for key, value in expected.items():
        assert shown[key] == value and isinstance(shown[key], str) == isinstance(value, str), (key, shown[key], value)
    if picture:
        image, content = shown[picture[0]], picture[1].read_bytes()
        assert image['_type'] == 'image-file' and image['format'] == 'png'
        assert media(image['path']) == content and image['size'] == len(content)
        assert image['sha256'] == hashlib.sha256(content).hexdigest()
        assert (image['width'], image['height']) == png_size(content)
    for name, count in tables.items():
        table = json.loads(media(shown[name]['path']))
        assert shown[name]['_type'] == 'table-file' and shown[name]['nrows'] == count == len(table['data'])
        assert all(len(cells) == len(table['columns']) == shown[name]['ncols'] for cells in table['data'])
    return len(expected), 1 if picture else 0


def png_size(content):
    return int.from_bytes(content[16:20], 'big'), int.from_bytes(content[20:24], 'big')


def check_wandb(truth, output, project, name):
    folder, records = wandb_folder(output), wandb_records(output)
    kinds = [record.WhichOneof('record_type') for record, _ in records]
    run = records[1][0].run
    assert kinds[:2] == ['header', 'run'] and run.run_id and folder.name.endswith('-' + run.run_id)
    assert (run.project, run.display_name) == (project, name)
    assert items(run.config.update) == truth.config
    assert set(kinds[2:]) <= {'history', 'files', 'summary', 'exit', 'final'}
    histories = [record.history for record, _ in records if record.WhichOneof('record_type') == 'history']
    assert len(histories) == len(truth.rows)
    files, summary, values, pictures = set(), {}, 0, 0
    for row, history in zip(truth.rows, histories):
        assert history.step.num == row['_step']
        counts = check_row(truth, row, items(history.item), lambda path: (folder / 'files' / path).read_bytes())
        values, pictures = values + counts[0], pictures + counts[1]
    for record, _ in records:
        if record.WhichOneof('record_type') == 'files':
            files.update(entry.path for entry in record.files.files)
        if record.WhichOneof('record_type') == 'summary':
            summary.update(items(record.summary.update))
    assert files == {path.relative_to(folder / 'files').as_posix()
                     for path in (folder / 'files' / 'media').rglob('*') if path.is_file()}
    newest = {key: value for history in histories for key, value in items(history.item).items()}
    assert summary == newest == json.loads((folder / 'files' / 'wandb-summary.json').read_text())
    config = yaml.safe_load((folder / 'files' / 'config.yaml').read_text())
    assert {key: entry['value'] for key, entry in config.items()} == truth.config
    if truth.exit_code is None:
        assert 'exit' not in kinds and 'final' not in kinds
    else:
        assert kinds[-2:] == ['exit', 'final'] and records[-2][0].exit.exit_code == truth.exit_code
    size = only(folder.glob('run-*.wandb')).stat().st_size
    longest = max(length for _, length in records)
    return (f'{len(records)} records in {-(-size // BLOCK)} blocks, the longest of {longest} bytes; '
            f'{len(histories)} rows with {values} values, {pictures} pictures, {len(files)} media files')


def tensorboard_events(output):
    folder = pathlib.Path(output) / 'tensorboard'
    only(folder.iterdir())
    events = EventAccumulator(str(folder), size_guidance={'scalars': 0, 'images': 0, 'tensors': 0})
    return events.Reload()


def tensorboard_points(output):
    """(name, step, value) of every scalar and image."""
    events = tensorboard_events(output)
    return [(tag, e.step, e.value) for tag in events.Tags()['scalars'] for e in events.Scalars(tag)] + [
        (tag, e.step, e.encoded_image_string) for tag in events.Tags()['images'] for e in events.Images(tag)]


def check_tensorboard(truth, output):
    events = tensorboard_events(output)
    expected, images, texts = {}, {}, {'config'}
    for row in truth.rows:
        for key, value in truth.values(row).items():
            if not isinstance(value, str):
                with numpy.errstate(over='ignore'):
                    expected.setdefault(key, []).append((row['_step'], row['_timestamp'], float(numpy.float32(value))))
        if picture := truth.picture(row):
            images.setdefault(picture[0], []).append((row['_step'], picture[1].read_bytes()))
        texts |= set(truth.tables(row))
    tags = events.Tags()
    assert set(tags['scalars']) == set(expected), set(tags['scalars']) ^ set(expected)
    assert set(tags['images']) == set(images) and set(tags['tensors']) == texts
    for key, points in expected.items():
        assert [(e.step, e.wall_time, e.value) for e in events.Scalars(key)] == points, key
    for key, shown in images.items():
        found = events.Images(key)
        assert [(e.step, e.encoded_image_string) for e in found] == shown, key
        assert all((e.width, e.height) == png_size(e.encoded_image_string) for e in found)
    text = events.Tensors('config')[0].tensor_proto.string_val[0].decode()
    assert ''.join(line[4:] + '\n' for line in text.splitlines()) == truth.config_text
    return (f'{sum(map(len, expected.values()))} scalars of {len(expected)} names, '
            f'{sum(map(len, images.values()))} images, {len(texts)} texts')
