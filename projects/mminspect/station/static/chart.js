// Two small charts in SVG.

import {clock, moment} from './show.js';

const SVG = 'http://www.w3.org/2000/svg';
const EDGE = {left: 52, right: 14, top: 14, bottom: 24};
// Pixels of a digit of the threshold's number, which has a place of its own beside the scores: there it hides none.
const DIGIT = 7.5;
// Pixels; below it there is no room for date and time.
const NARROW = 420;
const short = (value) => String(Number(value.toPrecision(3)));
const exact = (value) => String(Number(value.toPrecision(4)));

// About four round numbers between low and high.
function ticks(low, high) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step);
  return {found, digits: Math.max(0, -Math.floor(Math.log10(step)))};
}

function add(parent, name, attributes = {}, text = '') {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  parent.append(element);
  return element;
}

function prepare(svg, label = 0) {
  const {width, height} = svg.getBoundingClientRect();
  svg.replaceChildren();
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  return {width, height, right: width - EDGE.right - label, bottom: height - EDGE.bottom};
}

const scale = (low, high, from, to) => (value) => from + ((value - low) / (high - low || 1)) * (to - from);

// points: [time, score, id, mark]; above the limit a diamond, below it a dot, so that colour is not all
export function drawScores(svg, points, limit) {
  const {right, bottom, width} = prepare(svg, limit === null ? 0 : DIGIT * exact(limit).length);
  if (!points.length) return add(svg, 'text', {x: width / 2, y: 100, 'text-anchor': 'middle'}, 'no record of this model yet');
  const values = [...points.map((point) => point[1]), ...(limit === null ? [] : [limit])];
  const room = 0.06 * (Math.max(...values) - Math.min(...values)) || 0.5;
  const [low, high] = [Math.min(...values) - room, Math.max(...values) + room];
  const y = scale(low, high, bottom, EDGE.top);
  const x = scale(0, Math.max(1, points.length - 1), EDGE.left + 6, right - 6);
  const {found, digits} = ticks(low, high);
  for (const value of found) {
    add(svg, 'line', {x1: EDGE.left, x2: right, y1: y(value), y2: y(value), class: 'axis'});
    add(svg, 'text', {x: EDGE.left - 7, y: y(value) + 4, 'text-anchor': 'end'}, value.toFixed(digits));
  }
  points.forEach(([time, score, id, mark], index) => {
    const link = add(svg, 'a', {href: `/records/${id}`, tabindex: -1});
    const above = limit !== null && score > limit, [cx, cy] = [x(index), y(score)];
    const ring = mark ? ' marked' : '';
    const half = mark ? 6.5 : 5;
    const shape = above ? add(link, 'path', {d: `M${cx} ${cy - half}l${half} ${half} ${-half} ${half} ${-half} ${-half}z`,
                                             class: `defect${ring}`})
                        : add(link, 'circle', {cx, cy, r: mark ? 4.7 : 3.2, class: `good${ring}`});
    add(shape, 'title', {}, `${moment(time)}: ${exact(score)}${mark && `, marked ${mark}`}`);
  });
  if (limit !== null) drawLimit(svg, EDGE.left, right, y(limit), y(limit), limit);
  const [first, last] = [points[0][0], points[points.length - 1][0]];
  const when = width < NARROW && moment(first).slice(0, 10) === moment(last).slice(0, 10) ? clock
    : width < NARROW ? (time) => moment(time).slice(0, 10) : moment;
  add(svg, 'text', {x: EDGE.left, y: bottom + 17}, when(first));
  add(svg, 'text', {x: right, y: bottom + 17, 'text-anchor': 'end'}, when(last));
}

export function drawHistogram(svg, normal, limit) {
  const {right, bottom, width} = prepare(svg);
  if (!normal) return add(svg, 'text', {x: width / 2, y: 90, 'text-anchor': 'middle'}, 'the model has no calibration scores');
  const ends = [normal.edges[0], normal.edges[normal.edges.length - 1], ...(limit === null ? [] : [limit])];
  const room = 0.04 * (Math.max(...ends) - Math.min(...ends)) || 0.5;
  const x = scale(Math.min(...ends) - room, Math.max(...ends) + room, EDGE.left, right);
  const most = Math.max(...normal.counts), y = scale(0, most, bottom, EDGE.top + 12);
  normal.counts.forEach((count, i) => {
    const [left, end] = [x(normal.edges[i]), x(normal.edges[i + 1])];
    if (count) add(svg, 'rect', {x: left, y: y(count), width: Math.max(1, end - left - 1), height: bottom - y(count), class: 'bars'});
  });
  add(svg, 'line', {x1: EDGE.left, x2: right, y1: bottom, y2: bottom, class: 'axis'});
  add(svg, 'text', {x: EDGE.left - 7, y: y(most) + 4, 'text-anchor': 'end'}, most);
  add(svg, 'text', {x: x(normal.edges[0]), y: bottom + 17}, short(normal.edges[0]));
  add(svg, 'text', {x: x(ends[1]), y: bottom + 17, 'text-anchor': 'end'}, short(ends[1]));
  add(svg, 'text', {x: (x(ends[0]) + x(ends[1])) / 2, y: bottom + 17, 'text-anchor': 'middle'}, 'score');
  add(svg, 'text', {x: 0, y: EDGE.top - 4}, 'images');
  if (limit !== null) drawLimit(svg, x(limit), x(limit), EDGE.top, bottom, limit);
}

function drawLimit(svg, x1, x2, y1, y2, value) {
  add(svg, 'line', {x1, x2, y1, y2, class: 'limit'});
  const right = x1 === x2 && x1 > svg.getBoundingClientRect().width - 70;
  const place = x1 === x2 ? {x: x1 + (right ? -6 : 6), y: y1 + 8, 'text-anchor': right ? 'end' : 'start'}
                          : {x: x2 + 5, y: y1 + 4};
  add(svg, 'text', {...place, class: 'limit-text'}, exact(value));
}
