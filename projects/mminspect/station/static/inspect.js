// Pictures are sent one by one, two at a time; each card shows what became of one.

import {get, post} from './api.js';
import {chosen, dropped} from './picked.js';
import {fillCard, fromPage, newCard, setBadge} from './show.js';

const AT_A_TIME = 2;
const form = document.getElementById('upload');
const input = document.getElementById('files');
const folder = document.getElementById('folder');
const results = document.getElementById('results');
const progress = document.getElementById('progress');
const queue = [];
let active = 0, sent = 0, finished = 0, refused = 0, others = 0;

function add({taken, left}) {
  for (const {file, path} of taken) {
    const card = newCard();
    card.className = 'result waiting';
    card.querySelector('.name').textContent = path;
    setBadge(card.querySelector('.badge'), 'waiting');
    results.prepend(card);
    queue.push({file, card, folder: path.split('/').slice(0, -1).join('/')});
    sent += 1;
  }
  others += left;
  tell();
  while (active < AT_A_TIME && queue.length) work();
}

async function work() {
  active += 1;
  for (let job = queue.shift(); job; job = queue.shift()) {
    await inspect(job).catch((error) => refuse(job.card, error.message));
    finished += 1;
    tell();
  }
  active -= 1;
}

async function inspect({file, card, folder}) {
  const body = new FormData();
  body.append('image', file);
  if (folder) body.append('folder', folder);
  let record = await post('/api/detect', body);
  fillCard(card, record);
  while (record.state === 'waiting') {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    record = await get(`/api/records/${record.id}`);
    fillCard(card, record);
  }
}

function refuse(card, message) {
  card.className = 'result refused';
  setBadge(card.querySelector('.badge'), 'refused');
  card.querySelector('.score').textContent = message;
  refused += 1;
}

function tell() {
  const words = finished < sent ? `${finished - refused} of ${sent} inspected` : `${sent - refused} inspected`;
  const rest = (refused ? `, ${refused} refused` : '') + (others ? `, ${others} other ${others === 1 ? 'file' : 'files'} left out` : '');
  progress.textContent = sent || others ? words + rest : '';
}

form.addEventListener('submit', (event) => event.preventDefault());
for (const field of [input, folder]) {
  field.addEventListener('change', () => {
    add(chosen(field.files));
    field.value = '';
  });
}
document.getElementById('choose-folder').addEventListener('click', () => folder.click());
for (const name of ['dragenter', 'dragover']) form.addEventListener(name, () => form.classList.add('over'));
for (const name of ['dragleave', 'drop']) form.addEventListener(name, () => form.classList.remove('over'));
// a picture dropped beside the field must not replace the page
for (const name of ['dragover', 'drop']) {
  window.addEventListener(name, (event) => event.preventDefault());
}
window.addEventListener('drop', (event) => dropped(event.dataTransfer).then(add, (error) => {
  progress.textContent = `what was dropped cannot be read: ${error.message}`;
}));

const newest = fromPage('newest-records');
document.getElementById('earlier').hidden = newest.length === 0;
for (const record of newest) document.getElementById('newest').append(fillCard(newCard(), record));
