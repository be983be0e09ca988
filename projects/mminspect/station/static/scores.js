// The threshold's slider, what it would mean, and the charts.

import {get, post} from './api.js';
import {drawHistogram, drawScores} from './chart.js';
import {figures, moment} from './show.js';

const EVERY = 5000;
const at = (id) => document.getElementById(id);
const slider = at('slider'), number = at('value');
let scores = null, touched = false, asked = 0;

const percent = (share) => {  // as mminspect.decisions.percentage writes it
  const three = Number((100 * share).toPrecision(3));
  const short = share > 0.99 || Math.abs(three - 100 * share) < 1e-9;
  return `${short ? three : Number((100 * share).toPrecision(2))} %`;
};

function chosen() {
  const value = number.valueAsNumber;
  return Number.isFinite(value) ? value : null;
}

function draw() {
  const limit = touched ? chosen() : scores.threshold.value;
  drawScores(at('chart'), scores.points, limit);
  drawHistogram(at('histogram'), scores.normal, limit);
}

function showEffect({rate, rate_unknown: unknown, records}) {
  at('rate').textContent = !rate ? `The false-reject rate is not known: ${unknown}.`
    : `Expected false rejects: ${percent(rate.rate)} of good parts (${percent(rate.confidence)} interval `
      + `${percent(rate.low)} to ${percent(rate.high)})`;
  at('effect').textContent = !records ? ''
    : `${records.defect} of ${records.defect + records.good} records of this model are defects with it.`;
}

async function preview() {
  const value = chosen(), turn = ++asked;
  if (value === null) return;
  draw();
  const effect = await get(`/api/threshold?value=${value}`);
  if (turn === asked) showEffect(effect);
}

function showThreshold(threshold) {
  const [low, high] = threshold.range;
  slider.min = low;
  slider.max = high;
  slider.value = number.value = threshold.value === null ? (low + high) / 2 : Number(threshold.value.toPrecision(6));
  at('origin').textContent = threshold.value === null ? `${threshold.model} has no threshold yet.`
    : `Now ${figures(threshold.value)}`
      + (threshold.count ? ` (${threshold.origin}: ${threshold.rule}, ${threshold.count} images)` : '')
      + `, set by ${threshold.by === 'model' ? "the model's file" : threshold.by}, ${moment(threshold.since)}`;
  for (const id of ['slider', 'value', 'apply', 'reset']) at(id).disabled = false;
  showEffect(threshold);
}

function showDrift(drift) {
  const banner = at('drift');
  banner.hidden = !drift;
  if (!drift) return;
  banner.className = drift.drifted ? 'banner bad' : 'banner';
  if (drift.p_value === null) {
    banner.className = 'banner plain';
    banner.textContent = `Drift: not tested yet, ${drift.count} of the ${drift.window} scores that it needs are there.`;
  } else {
    const odds = `difference ${figures(drift.statistic)}, p = ${figures(drift.p_value)}`;
    banner.textContent = drift.drifted
      ? `Drift: the last ${drift.count} scores are distributed otherwise than those of the calibration (${odds}). Look at `
        + 'light, focus and material, or calibrate again.'
      : `No drift: the last ${drift.count} scores look like those of the calibration (${odds}).`;
  }
}

async function load() {
  scores = await get('/api/scores');
  if (!touched) showThreshold(scores.threshold);
  draw();
  showDrift(scores.drift);
  at('normal').textContent = scores.normal ? `${scores.normal.count} images (${scores.normal.origin})` : '';
  at('points').textContent = `the last ${scores.points.length} records`;
}

async function change(body) {
  const threshold = await post('/api/threshold', body);
  touched = false;
  showThreshold(threshold);
  await load();
}

// What went wrong stays until it has been read, or until the same works: what the page does by itself clears nothing else.
const troubles = new Map();

function showTroubles() {
  const sentences = [...new Set(troubles.values())].map((sentence) => {
    const line = document.createElement('p');
    line.textContent = sentence;
    return line;
  });
  at('troubles').replaceChildren(...sentences);
  at('trouble').hidden = sentences.length === 0;
}

function trying(name, action) {
  return async (event) => {
    event?.preventDefault();
    const before = troubles.get(name);
    try {
      await action(event);
      troubles.delete(name);
    } catch (error) {
      troubles.set(name, error.message);
    }
    if (troubles.get(name) !== before) showTroubles();
  };
}

at('read').addEventListener('click', () => {
  troubles.clear();
  showTroubles();
});
slider.addEventListener('input', trying('preview', () => {
  touched = true;
  number.value = Number(slider.valueAsNumber.toPrecision(5));
  return preview();
}));
number.addEventListener('input', trying('preview', () => {
  touched = true;
  slider.value = number.value;
  return preview();
}));
at('threshold').addEventListener('submit', trying('apply', () => change({value: chosen()})));
at('reset').addEventListener('click', trying('reset', () => change({reset: true})));
at('by-rate').addEventListener('submit', trying('rate',
  () => change({false_reject_rate: at('percent').valueAsNumber / 100})));
window.addEventListener('resize', () => scores && draw());

const again = trying('load', load);
await again();
setInterval(again, EVERY);
