// Writes made-up output folders as `ra run` and `ra evaluate` leave them: make_runs.mjs FOLDER.
//   big      1,000 cases in five sets with opponents, boxes, latents, groups, a gallery and training curves
//   other    the same cases with other scores
//   hostile  names that try to be markup, files that are half-written
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {crc32, deflateSync} from 'node:zlib';

let state = 1;
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 0.5) / 4294967296;
};
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
const kTile = 64, kTiles = 7, kRows = 64;

function png(width, height, pixels) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const lines = Buffer.alloc(height * (3 * width + 1));
  for (let y = 0; y < height; ++y) pixels.copy(lines, y * (3 * width + 1) + 1, y * 3 * width, (y + 1) * 3 * width);
  const mark = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([mark, chunk('IHDR', header), chunk('IDAT', deflateSync(lines)), chunk('IEND', Buffer.alloc(0))]);
}

// A brain-like tile: head, ventricles, and a lesion where there is one.
function value(tile, x, y, lesion) {
  const u = (x - 32) / 24, v = (y - 32) / 29, r = u * u + v * v;
  const brain = r < 1 ? 0.45 + 0.25 * Math.cos(9 * r) + 0.1 * uniform() - (Math.abs(u) < 0.2 && Math.abs(v) < 0.3 ? 0.3 : 0) : 0;
  const spot = lesion && Math.hypot(x - lesion.x, y - lesion.y) < lesion.r ? 1 : 0;
  if (tile === 0) return Math.min(1, brain + 0.4 * spot);
  if (tile === 1) return brain;
  if (tile === 5 || tile === 6) return spot;
  return r < 1 ? 0.15 * uniform() + 0.8 * spot : 0;
}

function writeSheets(folder, lesions) {
  mkdirSync(join(folder, 'gallery'), {recursive: true});
  for (let first = 0; first < lesions.length; first += kRows) {
    const rows = Math.min(kRows, lesions.length - first), width = kTile * kTiles;
    const pixels = Buffer.alloc(width * rows * kTile * 3);
    for (let row = 0; row < rows; ++row) {
      for (let y = 0; y < kTile; ++y) {
        for (let x = 0; x < width; ++x) {
          const tile = Math.floor(x / kTile), level = value(tile, x % kTile, y, lesions[first + row]);
          const heat = tile >= 2 && tile <= 4;
          pixels.set(heat ? [255 * Math.min(1, 1.6 * level), 255 * level * level, 120 * level] : [255 * level, 255 * level, 255 * level],
            3 * ((row * kTile + y) * width + x));
        }
      }
    }
    writeFileSync(join(folder, 'gallery', `sheet_${String(first / kRows).padStart(3, '0')}.png`), png(width, rows * kTile, pixels));
  }
}

const csv = (rows) => {
  const names = Object.keys(rows[0]);
  return [names, ...rows.map((row) => names.map((name) => `${row[name] ?? ''}`.replace(/^.*[",].*$/, (text) => `"${text.replaceAll('"', '""')}"`)))]
    .map((fields) => fields.join(',')).join('\n') + '\n';
};
const kSets = [['Normal', 400, 0], ['edema', 150, 1.2], ['mass', 200, 2.2], ['resection', 150, 1.6], ['white_matter', 100, 0.5]];

function makeCases(shift) {
  const cases = [];
  for (const [set, count, effect] of kSets) {
    for (let k = 0; k < count; ++k) {
      const score = (extra) => (0.02 * Math.exp(0.35 * (normal() + effect + extra))).toPrecision(6);
      const ill = effect > 0, gain = ill ? shift * normal() + shift : 0;
      cases.push({case: cases.length, set, image: `images/${set}/slice_${k}.nii.gz`, subject: `sub-${set}-${Math.floor(k / 4)}`,
        label: ill ? 1 : 0, class: ill ? set : '', score: score(gain), score_maximum: score(gain + 0.4), mean_picture_score: score(-0.5 * effect),
        pca_score: score(-0.3 * effect), mae: (0.03 + 0.01 * uniform()).toFixed(5), mse: (0.002 + 0.001 * uniform()).toFixed(6),
        psnr: (24 + 2 * normal()).toFixed(2), ssim: (0.8 + 0.05 * normal()).toFixed(4), dice: ill ? uniform().toFixed(4) : '',
        p_value: uniform().toFixed(4), sheet: Math.floor(cases.length / kRows), row: cases.length % kRows, site: 'ABC'[k % 3], sex: 'FM'[k % 2]});
    }
  }
  return cases;
}

function curve(kind, cases, set, method) {
  const column = {ra: 'score', mean_picture: 'mean_picture_score', pca: 'pca_score'}[method];
  const used = cases.filter((one) => one.set === 'Normal' || one.set === set).sort((a, b) => b[column] - a[column]);
  const ill = used.filter((one) => one.label).length, healthy = used.length - ill;
  let hits = 0, wrong = 0;
  const points = kind === 'roc' ? [[0, 0]] : [];
  for (const one of used) {
    if (one.label) ++hits; else ++wrong;
    points.push(kind === 'roc' ? [wrong / healthy, hits / ill] : kind === 'pr' ? [hits / ill, hits / (hits + wrong)] : [8 * wrong / healthy, hits / ill]);
  }
  return {kind, set, method, points};
}

const area = (points) => points.slice(1).reduce((sum, [x, y], k) => sum + (x - points[k][0]) * (y + points[k][1]) / 2, 0);
const metric = (fields) => ({protocol: 'detection', set: '', group: '', method: 'ra', score: '', mode: 'strict', low: null, high: null,
  interval: '95 %, bootstrap by subject, 2000 resamples', n: [100], reason: '', ...fields});
const around = (value, width) => ({value, low: Math.max(0, value - width), high: Math.min(1, value + width)});

function makeMetrics(cases) {
  const metrics = [], curves = [];
  for (const [set, count, effect] of kSets) {
    for (const name of ['mae', 'ssim']) metrics.push(metric({protocol: 'reconstruction', set, metric: name, ...around(name === 'mae' ? 0.035 : 0.8, 0.01), n: [count]}));
    if (effect === 0) continue;
    for (const method of ['ra', 'mean_picture', 'pca']) {
      for (const kind of ['roc', 'pr']) curves.push(curve(kind, cases, set, method));
      const roc = area(curves.at(-2).points);
      for (const mode of ['paper', 'strict']) metrics.push(metric({set, method, score: 'mean', mode, metric: 'auroc', ...around(roc, 0.04), n: [400, count]}));
      metrics.push(metric({set, method, score: 'mean', metric: 'average_precision', ...around(0.8 * roc, 0.06), n: [400, count]}));
      metrics.push(metric({set, method, score: 'mean', metric: 'fpr_at_95_tpr', ...around(1 - roc, 0.09), n: [400, count]}));
    }
    metrics.push(metric({protocol: 'pixel', set, metric: 'aupro', ...around(0.4 + 0.2 * uniform(), 0.05), n: [count]}));
    metrics.push(metric({protocol: 'pixel', set, metric: 'lpips', value: null, interval: '', reason: 'no weights were given', n: [count]}));
    curves.push(curve('froc', cases, set, 'ra'));
    for (const mode of ['paper', 'strict']) {
      for (const group of [`class=${set}`, 'size=small', 'size=medium', 'size=large']) {
        metrics.push(metric({protocol: 'localization', set, group, mode, metric: 'f1', ...around(uniform(), 0.08), n: [count]}));
      }
    }
  }
  for (const group of ['site=A', 'site=B', 'site=C', 'sex=F', 'sex=M']) {
    for (const set of ['edema', 'mass']) metrics.push(metric({protocol: 'bias', set, group, metric: 'auroc', ...around(0.6 + 0.3 * uniform(), 0.08)}));
  }
  return {metrics, curves};
}

function writeEvaluation(folder, shift) {
  mkdirSync(folder, {recursive: true});
  state = 7;
  const cases = makeCases(shift);
  writeSheets(folder, cases.map((one) => (one.label ? {x: 22 + 20 * uniform(), y: 20 + 24 * uniform(), r: 3 + 5 * uniform()} : null)));
  writeFileSync(join(folder, 'cases.csv'), csv(cases));
  const ill = cases.filter((one) => one.label);
  writeFileSync(join(folder, 'boxes.csv'), csv(ill.map((one, k) => ({case: one.case, set: one.set, class: one.class, box: '3 4 10 12', size: ['small', 'medium', 'large'][k % 3],
    tp: 20, fp: 9, precision: uniform().toFixed(4), f1: uniform().toFixed(4), strict_iou: uniform().toFixed(4), strict_hit: k % 2}))));
  const vectors = [], places = [];
  for (const one of cases) {
    for (const kind of ['input', 'reconstruction']) {
      const z = Array.from({length: 128}, (_, k) => normal() + (k < 4 ? 1.5 * kSets.findIndex(([set]) => set === one.set) : 0) + (kind === 'input' && k === 9 ? 1 : 0));
      vectors.push({case: one.case, kind, ...Object.fromEntries(z.map((number, k) => [`z${k}`, number.toFixed(4)]))});
      places.push({case: one.case, kind, x: (z[0] + z[1] + z[2] + z[3]).toFixed(4), y: (z[9] + z[5]).toFixed(4)});
    }
  }
  writeFileSync(join(folder, 'latents.csv'), csv(vectors));
  writeFileSync(join(folder, 'latents_pca.csv'), csv(places));
  writeFileSync(join(folder, 'results.json'), JSON.stringify({note: 'Made up.', format: 1, seed: 2109,
    detector: {model: 'made-up.pt 0123456789ab', perceptual: 'encoder', backend: 'torch', precision: 'fp32', latent: 'sample'}, training_subjects: 'unknown',
    overlap_allowed: false, warnings: ['AUROC differs between sites A and C by more than its interval'], ...makeMetrics(cases),
    thresholds: [1, 2, 5].map((percent) => ({pixels: 'all', percent, threshold: 0.1 / percent, mode: 'paper'})), failures: []}));
}

function writeTraining(folder) {
  mkdirSync(folder, {recursive: true});
  const rows = [{epoch: 0, phase: 'yardsticks', 'Val/squared_error_mean_picture': 244.4, 'Val/squared_error_black': 4186.8}];
  for (let epoch = 1; epoch <= 60; ++epoch) {
    const introspective = epoch > 20, fall = Math.exp(-epoch / 12);
    rows.push({epoch, phase: introspective ? 'introspective' : 'warmup', lr: introspective ? 5e-5 : 5e-4, 'Train/Loss_DKLS': introspective ? 40 - epoch / 4 : null,
      'Train/Loss_REAL': 30 + 200 * fall, 'Train/Loss_FAKE': introspective ? 70 + 9 * uniform() : null, 'Train/Loss_REC': introspective ? 60 + 9 * uniform() : null,
      'Train/Loss_REC_ERRS': 150 + 900 * fall, 'Train/Loss_EXP_F': introspective ? 0.4 : null, 'Train/Loss_EXP_R': introspective ? 0.46 : null, 'Train/Loss_EMB': introspective ? 0.13 : null,
      'Val/squared_error_mean': 170 + 500 * fall, 'Val/squared_error_sample': 190 + 400 * fall, 'Val/squared_error_average:8': 180 + 420 * fall,
      'Val/own_share_mean': 0.9 - 0.8 * fall, 'Val/own_share_sample': 0.8 - 0.7 * fall, slices_per_second: 33 + 3 * uniform(), _timestamp: 1795536280 + epoch, _runtime: epoch});
  }
  writeFileSync(join(folder, 'metrics.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n') + '\n{"epoch":61,"pha');
  writeFileSync(join(folder, 'config.yaml'), '# Names the run folder.\nname: made_up\ntraining:\n  epochs: 60\n');
  writeFileSync(join(folder, 'environment.json'), JSON.stringify({ra: '0.1.0', libtorch: '2.11.0', seed: 2109, data: {train: {files: 387, sha256: '62299787c1f6'}}}));
}

function writeHostile(folder) {
  const name = '<img src=x onerror=fail()></script><script>fail()</script>';
  mkdirSync(folder, {recursive: true});
  writeFileSync(join(folder, 'cases.csv'), csv([0, 1, 2, 3].map((k) => ({case: k, set: k < 2 ? 'Normal' : name, image: name, label: k < 2 ? 0 : 1, class: name,
    score: k === 3 ? 'nan' : k + 1, mae: 0.1}))) + '4,Normal');
  writeFileSync(join(folder, 'config.yaml'), `name: "${name}"\n`);
  writeFileSync(join(folder, 'results.json'), JSON.stringify({warnings: [name], metrics: [metric({set: name, metric: 'auroc', score: 'mean', value: null, reason: name})],
    curves: [{kind: 'roc', set: name, method: 'ra', points: [[0, 0], [0, 'x'], [1, 1]]}]}));
}

const root = process.argv[2];
writeEvaluation(join(root, 'big', 'downstream', 'detection'), 0);
writeTraining(join(root, 'big'));
writeEvaluation(join(root, 'other', 'downstream', 'detection'), 0.3);
writeTraining(join(root, 'other'));
writeHostile(join(root, 'hostile'));
