// Binary messages are JPEG frames, texts are JSON: hello, detection, counters, problem.

import {get} from './api.js';
import {figures, milliseconds, setBadge, showLayers, shownBoxes, smallCard, verdict} from './show.js';

const KEPT = 12;
const WORDS = {seen: 'frames', accepted: 'accepted', duplicate: 'duplicates', blurred: 'blurred', dark: 'too dark',
               bright: 'too bright', normal: 'clearly normal', skipped: 'skipped, busy', inspected: 'inspected',
               good: 'good', defect: 'defects', undecided: 'undecided'};
const at = (id) => document.getElementById(id);
const canvas = at('frame'), paper = canvas.getContext('2d');
const camera = at('live').dataset.camera;
let busy = false, next = null, pause = 500, cards = new Map();

// While one frame is decoded only the newest of those that come is kept.
async function showFrame(blob) {
  next = blob;
  if (busy) return;
  busy = true;
  while (next) {
    [blob, next] = [next, null];
    await paint(blob).catch(() => {}); // one damaged frame is no reason to stop
  }
  busy = false;
}

async function paint(blob) {
  const picture = await createImageBitmap(blob);
  [canvas.width, canvas.height] = [picture.width, picture.height];
  paper.drawImage(picture, 0, 0);
  picture.close();
  canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
}

function showLast(record) {
  const boxes = shownBoxes(record).length;
  setBadge(at('decision'), verdict(record));
  at('last').href = record.url;
  at('score').textContent = `score ${figures(record.score)}, threshold ${figures(record.threshold)}`;
  at('more').textContent = `${boxes} ${boxes === 1 ? 'box' : 'boxes'}${milliseconds(record)}`;
  showLayers(at('last'), record).catch(() => {}); // its record may have made room in the meantime
}

// Records come by the socket and, what it missed, by request: each is shown once, in order of time.
function addRecords(records) {
  for (const record of records) {
    if (!cards.has(record.id)) cards.set(record.id, {record, time: Date.parse(record.created), card: smallCard(record)});
  }
  const newest = [...cards.values()].sort((one, other) => other.time - one.time).slice(0, KEPT);
  cards = new Map(newest.map((entry) => [entry.record.id, entry]));
  at('newest').replaceChildren(...newest.map((entry) => entry.card));
  if (newest.length && at('last').dataset.shown !== newest[0].record.id) showLast(newest[0].record);
}

async function catchUp() {
  const {records} = await get(`/api/records?source=${camera}&per_page=${KEPT}`);
  addRecords(records);
}

function showCounters({prescreen, results}) {
  const counts = {...prescreen, ...results}, names = Object.keys(WORDS).filter((name) => name in counts);
  const items = names.map((name) => {
    const item = document.createElement('div'), word = document.createElement('dt'), number = document.createElement('dd');
    word.textContent = WORDS[name];
    number.textContent = counts[name].toLocaleString('en');
    number.dataset.counter = name;
    item.append(word, number);
    return item;
  });
  at('counters').replaceChildren(...items);
}

function showProblem(sentence) {
  at('problem').hidden = !sentence;
  at('problem').textContent = sentence;
}

const show = {
  hello: (message) => { showCounters(message); showProblem(message.problem); catchUp(); },
  counters: showCounters,
  detection: (record) => addRecords([record]),
  problem: (message) => showProblem(message.message),
};

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}/ws/stream/${camera}`);
  socket.addEventListener('open', () => { at('link').textContent = 'connected'; pause = 500; });
  socket.addEventListener('message', (event) => {
    if (event.data instanceof Blob) return showFrame(event.data);
    const message = JSON.parse(event.data);
    show[message.type]?.(message);
  });
  socket.addEventListener('close', () => {
    at('link').textContent = 'connection lost, trying again';
    setTimeout(connect, pause);
    pause = Math.min(10000, 2 * pause);
  });
}

connect();
