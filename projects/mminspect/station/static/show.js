// How records look: words, numbers, cards.

export const figures = (value) => (value === null || value === undefined ? '–' : String(Number(value.toPrecision(4))));

// Server's times, as it writes them: the same digits on every page, whatever the browser's language.
export const moment = (time) => time.slice(0, 19).replace('T', ' ');
export const clock = (time) => time.slice(11, 19);

// How long the model took; nothing for records whose times are not known.
export const milliseconds = ({ms}) => (ms === null ? '' : ` · ${Math.round(ms)} ms`);

export function verdict(record) {
  if (record.state !== 'done') return record.state;
  return record.is_defect === null ? 'undecided' : record.is_defect ? 'defect' : 'good';
}

export function setBadge(badge, word) {
  badge.className = `badge ${word}`;
  badge.textContent = word;
}

export function newCard() {
  return document.getElementById('card').content.firstElementChild.cloneNode(true);
}

// A detector also names boxes that it is hardly sure of; of an anomaly model all are above the limit of normal pixels.
export function shownBoxes({boxes, kind, threshold}) {
  return boxes.filter((box) => kind !== 'detection' || threshold === null || box.score > threshold);
}

// The picture, the heat map and the boxes over one another; they replace what is there when all of them have come.
export async function showLayers(place, record) {
  const sources = [['view', record.view_url, 'The inspected picture'], ['heat', record.map_url, 'Heat map over it']];
  const layers = sources.filter(([, source]) => source).map(([name, source, words]) => {
    const image = new Image();
    [image.src, image.alt, image.className] = [source, words, `layer ${name}`];
    return image;
  });
  place.dataset.shown = record.id;
  await Promise.all(layers.map((image) => image.decode()));
  if (place.dataset.shown === record.id) place.replaceChildren(...layers, drawBoxes(record)); // else a newer one came
}

function drawBoxes(record) {
  const make = (name) => document.createElementNS('http://www.w3.org/2000/svg', name);
  const drawing = make('svg');
  drawing.setAttribute('class', 'layer boxes');
  drawing.setAttribute('viewBox', `0 0 ${record.width} ${record.height}`);
  for (const {box: [x, y, right, bottom], score, label} of shownBoxes(record)) {
    const rect = make('rect'), title = make('title');
    for (const [name, value] of Object.entries({x, y, width: right - x, height: bottom - y})) rect.setAttribute(name, value);
    title.textContent = `${label} ${figures(score)}`;
    rect.append(title);
    drawing.append(rect);
  }
  return drawing;
}

export function fillCard(card, record) {
  const word = verdict(record);
  card.className = `result ${word}`;
  card.dataset.id = record.id;
  setBadge(card.querySelector('.badge'), word);
  for (const link of card.querySelectorAll('a')) link.href = record.url;
  card.querySelector('.name').textContent = record.name || clock(record.created);
  const done = record.state === 'done', threshold = record.threshold === null ? 'none' : figures(record.threshold);
  if (done) showLayers(card.querySelector('.picture'), record).catch(() => { card.classList.add('blind'); });
  card.querySelector('.score').textContent = done ? `score ${figures(record.score)}` : record.error;
  card.querySelector('.more').textContent = done ? `threshold ${threshold}${milliseconds(record)}` : '';
  return card;
}

export function smallCard(record) {
  const card = newCard(), picture = new Image();
  card.className = `result ${verdict(record)}`;
  setBadge(card.querySelector('.badge'), verdict(record));
  for (const link of card.querySelectorAll('a')) link.href = record.url;
  [picture.src, picture.alt, picture.className] = [record.thumb_url, '', 'layer'];
  card.querySelector('.picture').append(picture);
  card.querySelector('.name').textContent = clock(record.created);
  card.querySelector('.score').textContent = `score ${figures(record.score)}`;
  return card;
}

export function fromPage(id) {
  return JSON.parse(document.getElementById(id).textContent);
}
