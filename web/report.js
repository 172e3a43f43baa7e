// Draws a report page: figures as they come into view and the rest when the browser is idle, tooltips with pictures,
// the gallery and UMAP. Text from data reaches the page only through textContent.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const specifications = read('page-figures');
const evaluations = new Map(read('page-evaluations').map((entry) => [entry.prefix, entry]));
const kTiles = ['input', 'pseudo-healthy', 'residual', 'perceptual', 'map', 'thresholded', 'truth'];
const kCardsAtOnce = 24;

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value; else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function bytesOf(id) {
  const text = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; ++k) bytes[k] = text.charCodeAt(k);
  return bytes;
}

const readable = (value) => {
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) ? String(value) : Number(value.toPrecision(4)).toString();
};

// ---- pictures: a sheet holds rows of seven tiles; it is decoded when one of its rows is first shown
const sheets = new Map();
function sheet(id) {
  if (!sheets.has(id)) {
    const url = URL.createObjectURL(new Blob([bytesOf(id)], {type: 'image/jpeg'}));
    sheets.set(id, new Promise((resolve, reject) => {
      const picture = new Image();
      picture.onload = () => resolve({url, width: picture.naturalWidth, height: picture.naturalHeight});
      picture.onerror = reject;
      picture.src = url;
    }));
  }
  return sheets.get(id);
}

// The strip of a case, or null where it has no pictures.
function strip(evaluation, row) {
  const {cases} = evaluation;
  const id = cases.sheet && evaluation.sheets[cases.sheet[row]];
  if (!id || cases.row[row] === null) return null;
  const made = element('div', {className: 'strip', role: 'img'});
  made.setAttribute('aria-label', kTiles.join(', '));
  made.style.setProperty('--ratio', kTiles.length);
  sheet(id).then(({url, width, height}) => {
    const rows = height / (width / kTiles.length);
    made.style.backgroundImage = `url(${url})`;
    made.style.backgroundSize = `100% ${100 * rows}%`;
    made.style.backgroundPosition = `0 ${rows > 1 ? (100 * cases.row[row]) / (rows - 1) : 0}%`;
  });
  return made;
}

const labelName = (label) => (label === 0 ? 'healthy' : label === 1 ? 'pathological' : 'unknown');

// ---- figures
const dark = matchMedia('(prefers-color-scheme: dark)');
function theme() {
  const on = dark.matches;
  document.documentElement.dataset.theme = on ? 'dark' : 'light';
  const text = on ? '#e6e9ec' : '#1a1d21', quiet = on ? '#9aa4af' : '#5b6470', line = on ? '#343b43' : '#dfe3e8';
  return {
    background: null,
    font: getComputedStyle(document.body).fontFamily,
    view: {stroke: line},
    axis: {labelColor: quiet, titleColor: quiet, gridColor: line, domainColor: line, tickColor: line, titleFontWeight: 'normal', labelLimit: 160},
    legend: {labelColor: text, titleColor: quiet, symbolBaseFillColor: quiet, symbolBaseStrokeColor: quiet, labelLimit: 170},
    title: {color: text},
  };
}

// The palette's dark blue is lost on a dark page: there it changes places with its light blue.
function themed(specification) {
  if (!dark.matches) return specification;
  const swap = {'#0072B2': '#56B4E9', '#56B4E9': '#0072B2'};
  const changed = (value) => {
    if (typeof value === 'string') return swap[value] ?? value;
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(changed);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === 'values' ? inner : changed(inner)]));
  };
  return changed(specification);
}

// The evaluation that a figure belongs to, by the id of its section ("r0e1-scores").
const evaluationOf = (figure) => evaluations.get(figure.closest('section')?.id.split('-')[0]);

// Where a case comes from: its file and, of a volume, the slice.
function placeOf(cases, row) {
  const slice = cases.slice?.[row];
  const file = cases.image?.[row] ?? '';
  return slice === undefined || slice === null || slice === '' ? file : `${file} slice ${slice}`;
}

const tip = element('div', {id: 'tip', hidden: true});
document.body.append(tip);
const kHidden = new Set(['k', 'spread', 'phase']);
function showTip(figure, event, datum) {
  const facts = Object.entries(datum).filter(([key, value]) =>
    !kHidden.has(key) && !key.startsWith('_') && !/^(lower|upper|mid|min|max|lower_whisker|upper_whisker)_/.test(key) && value !== null && typeof value !== 'object');
  if (facts.length === 0) return hideTip();
  const evaluation = evaluationOf(figure);
  const row = evaluation && datum.case >= 0 && evaluation.cases.case ? evaluation.cases.case.indexOf(datum.case) : -1;
  const lines = facts.filter(([key]) => key !== 'colour').map(([key, value]) => element('p', {textContent: `${key}: ${readable(value)}`}));
  tip.replaceChildren();
  if (row >= 0) {
    const pictures = strip(evaluation, row);
    if (pictures) tip.append(pictures);
    tip.append(element('p', {textContent: placeOf(evaluation.cases, row)}));
  }
  tip.append(...lines);
  tip.hidden = false;
  const {clientX, clientY} = event;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(clientX + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${clientY + 18 + box.height > innerHeight ? Math.max(4, clientY - box.height - 12) : clientY + 18}px`;
}
const hideTip = () => { tip.hidden = true; };

const drawn = new Map();
async function draw(figure, replace = false) {
  const index = Number(figure.dataset.figure);
  if (drawn.has(index) && !replace) return drawn.get(index);
  const done = (async () => {
    const plot = figure.querySelector('.plot');
    const result = await window.vegaEmbed(plot, themed(specifications[index]), {
      ast: true, actions: false, defaultStyle: false, renderer: 'canvas', config: theme(),
      tooltip: (handler, event, item, value) => {
        const datum = item?.datum?.datum ?? item?.datum;
        if (value === undefined && !datum) hideTip(); else if (datum) showTip(figure, event, datum); else hideTip();
      },
    });
    result.view.addEventListener('mouseout', hideTip);
    result.view.addEventListener('mousemove', (event, item) => {
      if (item?.datum && item.mark?.role !== 'legend-symbol' && ['mark'].includes(item.mark?.role)) {
        showTip(figure, event, item.datum.datum ?? item.datum);
      } else {
        hideTip();
      }
    });
    plot.style.minHeight = '';
  })();
  drawn.set(index, done);
  return done;
}

const figures = [...document.querySelectorAll('figure[data-figure]')];
const inView = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
}, {rootMargin: '300px'});
figures.forEach((figure) => inView.observe(figure));
// What is below is drawn while nothing else happens, so that searching, scrolling and printing find it there.
const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 30));
async function drawRest() {
  for (const figure of figures) {
    await new Promise((resolve) => idle(resolve));
    await draw(figure);
  }
  document.documentElement.dataset.complete = 'true';
}
dark.addEventListener('change', () => figures.filter((f) => drawn.has(Number(f.dataset.figure))).forEach((f) => draw(f, true)));

// ---- gallery
// How wrong a case is: the share of the other class that it is on the wrong side of. null without both classes.
function wrongness(cases) {
  const scores = (label) => cases.score.filter((score, k) => cases.label?.[k] === label && score !== null).sort((a, b) => a - b);
  const healthy = scores(0), ill = scores(1);
  const below = (sorted, value) => {
    let low = 0, high = sorted.length;
    while (low < high) { const middle = (low + high) >> 1; if (sorted[middle] < value) low = middle + 1; else high = middle; }
    return low;
  };
  return cases.score.map((score, k) => {
    const label = cases.label?.[k];
    if (score === null || healthy.length === 0 || ill.length === 0) return null;
    if (label === 0) return below(ill, score) / ill.length;
    return label === 1 ? 1 - below(healthy, score) / healthy.length : null;
  });
}

function card(evaluation, row, wrong) {
  const {cases} = evaluation;
  const label = labelName(cases.label?.[row]);
  const facts = ['score', 'score_maximum', 'p_value', 'dice', 'mae', 'ssim', 'lpips_squeezenet'].filter((name) => typeof cases[name]?.[row] === 'number')
    .map((name) => `${name.replace('_', ' ')} ${readable(cases[name][row])}`);
  if (wrong[row] > 0) facts.push(`on the wrong side of ${Math.round(100 * wrong[row])} % of the other class`);
  const made = element('article', {className: 'card'},
    element('p', {}, element('span', {className: `badge ${label}`, textContent: label}),
      [cases.set?.[row], cases.class?.[row]].filter((text) => text !== null && text !== undefined && text !== '').join(' · ')),
    element('p', {className: 'where', textContent: placeOf(cases, row)}));
  const pictures = strip(evaluation, row);
  if (pictures) {
    made.append(pictures, element('div', {className: 'tiles'}, ...kTiles.map((name) => element('span', {textContent: name}))));
  }
  made.append(element('p', {textContent: facts.join(' · ')}));
  return made;
}

function gallery(place) {
  const evaluation = evaluations.get(place.dataset.gallery);
  const {cases} = evaluation;
  const wrong = wrongness(cases);
  const all = cases.score.map((score, k) => k).filter((k) => cases.sheet?.[k] !== null);
  const rank = (value) => (value === null || value === undefined ? -Infinity : value);
  const orders = {
    'wrong first': (a, b) => rank(wrong[b]) - rank(wrong[a]) || a - b,
    'highest score': (a, b) => rank(cases.score[b]) - rank(cases.score[a]),
    'lowest score': (a, b) => rank(cases.score[a]) - rank(cases.score[b]),
    'as evaluated': (a, b) => a - b,
  };
  const options = (names) => names.map((name) => element('option', {value: name, textContent: name}));
  const sets = [...new Set(cases.set ?? [])].map((name) => name ?? '');
  const order = element('select', {}, ...options(Object.keys(orders)));
  const set = element('select', {}, ...options(['all sets', ...sets]));
  const label = element('select', {}, ...options(['all labels', 'healthy', 'pathological']));
  const count = element('span', {role: 'status'});
  const cards = element('div', {className: 'cards'});
  const more = element('button', {type: 'button', className: 'screen', textContent: 'Show more'});
  let chosen = [], shown = 0;
  const grow = () => {
    cards.append(...chosen.slice(shown, shown + kCardsAtOnce).map((row) => card(evaluation, row, wrong)));
    shown = Math.min(chosen.length, shown + kCardsAtOnce);
    more.hidden = shown >= chosen.length;
    count.textContent = `${shown} of ${chosen.length} cases shown`;
  };
  const restart = () => {
    chosen = all.filter((k) => (set.value === 'all sets' || (cases.set[k] ?? '') === set.value) &&
      (label.value === 'all labels' || labelName(cases.label?.[k]) === label.value)).sort(orders[order.value]);
    shown = 0;
    cards.replaceChildren();
    grow();
  };
  for (const select of [order, set, label]) select.addEventListener('change', restart);
  more.addEventListener('click', grow);
  place.append(element('div', {className: 'controls'}, element('label', {}, 'Order ', order), element('label', {}, 'Set ', set),
    element('label', {}, 'Label ', label), count), cards, element('div', {className: 'controls'}, more));
  restart();
}
// Pictures are decoded only once the gallery comes near, or on paper.
const galleries = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    galleries.unobserve(entry.target);
    gallery(entry.target);
  }
}, {rootMargin: '600px'});
document.querySelectorAll('[data-gallery]').forEach((place) => galleries.observe(place));

// ---- UMAP
// The library is one class, or a module that holds it.
const kUmap = window.UMAP?.UMAP ?? window.UMAP;

// mulberry32: the same layout every time.
function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

async function layout(evaluation, report) {
  const {size, case: cases, kind} = evaluation.latents;
  const values = new Float32Array(bytesOf(`${evaluation.prefix}-vectors`).buffer);
  const rows = cases.map((_, k) => Array.from(values.subarray(k * size, (k + 1) * size)));
  const umap = new kUmap({nComponents: 2, nNeighbors: Math.min(15, rows.length - 1), random: seeded(2109)});
  const epochs = umap.initializeFit(rows);
  for (let k = 0; k < epochs; ++k) {
    umap.step();
    if (k % 25 === 0) { report(`${Math.round((100 * k) / epochs)} %`); await new Promise((resolve) => setTimeout(resolve)); }
  }
  return umap.getEmbedding().map(([x, y], k) => ({x, y, case: cases[k], kind: kind[k]}));
}

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
  element('a', {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

for (const button of document.querySelectorAll('[data-umap]')) {
  const evaluation = evaluations.get(button.dataset.umap);
  const figure = button.closest('section').querySelector('figure');
  const status = button.parentElement.querySelector('[role=status]');
  const exporting = button.parentElement.querySelector('[data-export]');
  const index = Number(figure.dataset.figure);
  if (!kUmap || !evaluation?.latents) button.hidden = true;
  button.addEventListener('click', async () => {
    button.disabled = true;
    const started = performance.now();
    const points = await layout(evaluation, (text) => { status.textContent = text; });
    const sets = new Map(evaluation.cases.case?.map((number, k) => [number, evaluation.cases.set?.[k]]));
    const next = structuredClone(specifications[index]);
    next.data.values = points.map((point) => ({...point, set: sets.get(point.case) ?? 'unknown'}));
    next.encoding.x.title = 'UMAP 1';
    next.encoding.y.title = 'UMAP 2';
    specifications[index] = next;
    await draw(figure, true);
    figure.querySelector('figcaption').textContent = 'UMAP of the latent vectors (15 neighbours, fixed seed). A click in the legend picks a set out.';
    status.textContent = `UMAP of ${points.length} vectors in ${((performance.now() - started) / 1000).toFixed(1)} s`;
  });
  exporting.addEventListener('click', () => {
    const spec = specifications[index];
    const name = spec.encoding.x.title.startsWith('UMAP') ? 'umap' : 'pca';
    const lines = spec.data.values.map(({case: number, kind, x, y}) => `${number},${kind},${x},${y}`);
    save(`${evaluation.prefix}_${name}.csv`, `case,kind,x,y\n${lines.join('\n')}\n`);
  });
}

// ---- on paper: what is folded away opens, but for the configuration
addEventListener('beforeprint', () => {
  document.querySelectorAll('details').forEach((entry) => { if (!entry.querySelector('pre')) entry.open = true; });
});

// The first screen stands once the figures in it are drawn.
await Promise.all(figures.filter((figure) => figure.getBoundingClientRect().top < innerHeight).map((figure) => draw(figure)));
document.documentElement.dataset.ready = 'true';
drawRest();
