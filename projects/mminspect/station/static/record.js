// Layers over the picture, keys for the operator, and the result of a picture that still waits.

import {get} from './api.js';
import {figures, fromPage, showLayers, shownBoxes} from './show.js';

const at = (id) => document.getElementById(id);
const record = fromPage('record-data');

async function show() {
  const place = at('layers');
  place.style.aspectRatio = `${record.width} / ${record.height}`;
  place.style.maxWidth = `calc(76vh * ${record.width / record.height})`; // no empty bars beside a tall picture
  await showLayers(place, record);
  const heat = place.querySelector('.heat'), boxes = place.querySelector('.boxes');
  const setOpacity = () => { heat.style.opacity = at('opacity').value / 100; };
  const setBoxes = () => { boxes.style.display = at('show-boxes').checked ? '' : 'none'; };
  at('opacity')?.addEventListener('input', setOpacity);
  at('show-boxes').addEventListener('change', setBoxes);
  if (heat) setOpacity();
  setBoxes();
}

function listBoxes() {
  const found = shownBoxes(record);
  at('box-count').textContent = `Boxes (${found.length})`;
  at('boxes').textContent = found.length === 0 ? 'none'
    : found.map(({label, score, box}) => `${label} ${figures(score)} at ${Math.round(box[0])}, ${Math.round(box[1])}`)
      .slice(0, 20).join('; ');
}

const keys = {g: '.mark.good', d: '.mark.defect', ArrowLeft: '#newer', ArrowRight: '#older'};
document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement || event.ctrlKey || event.altKey || event.metaKey;
  if (!typing && keys[event.key]) document.querySelector(keys[event.key])?.click();
});

async function waitForResult() {
  const found = await get(`/api/records/${record.id}`).catch(() => null);
  if (found && found.state !== 'waiting') location.reload();
  else setTimeout(waitForResult, 1000);
}

if (record.state === 'waiting') waitForResult();
if (record.state === 'done') {
  listBoxes();
  show();
}
