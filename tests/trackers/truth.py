"""What a run folder holds, read without `ra`: the truth that every tracker is compared with."""
import json
import pathlib

import yaml

CLOCKS = ('_step', '_timestamp', '_runtime')


class Truth:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        rows = [json.loads(line) for line in (self.folder / 'metrics.jsonl').read_text().splitlines()]
        self.exit_code = rows[-1].get('_exit_code')
        self.rows = [row for row in rows if '_exit_code' not in row]
        self.config_text = (self.folder / 'config.yaml').read_text()
        self.config = yaml.safe_load(self.config_text)

    def values(self, row):
        """What a tracker must show of a row: its fields, and those of the evaluation that it names."""
        values = {key: value for key, value in row.items() if key not in CLOCKS and value is not None}
        if 'evaluation' in row:
            values.update(self._metrics(self.folder / row['evaluation']))
        return values

    def picture(self, row):
        """(name, file) of the picture that belongs to a row, or None."""
        if 'evaluation' in row:
            folder = self.folder / row['evaluation']
            return f'Anomaly/Example_{folder.name}', folder / 'sheet.png'
        path = self.folder / 'figures' / f'epoch_{row.get("epoch", -1):04}.png'
        return ('Train/Example_', path) if path.exists() else None

    def tables(self, row):
        """name -> number of rows."""
        if 'evaluation' not in row:
            return {}
        folder = self.folder / row['evaluation']
        results = json.loads((folder / 'results.json').read_text())
        points = sum(len(curve['points']) for curve in results['curves'])
        return {f'{folder.name}/metrics': len(results['metrics'])} | ({f'{folder.name}/curves': points} if points else {})

    @staticmethod
    def _metrics(folder):
        results, task = json.loads((folder / 'results.json').read_text()), folder.name
        healthy = [name for name in results['sets'] if 'Normal' in name]
        values = {}
        for metric in results['metrics']:
            if metric['value'] is None:
                continue
            usual = {'protocol': task, 'method': results['methods'][0], 'score': 'mean', 'mode': 'strict'}
            parts = [metric[key] for key in ('protocol', 'set', 'group', 'method', 'score', 'mode', 'metric')
                     if metric[key] and metric[key] != usual.get(key)]
            values.setdefault('/'.join([task] + parts), metric['value'])
            if metric['protocol'] == 'reconstruction' and not metric['group'] and [metric['set']] == healthy:
                values.setdefault(f'Reconstruction_Metrics(Healthy)_{task}_{metric["metric"].upper()}', metric['value'])
        return values
