// The chip in the page's head follows the model.

import {get} from './api.js';

const chip = document.getElementById('state');
const words = {loading: () => 'model is loading', failed: () => 'model failed', running: (state) => state.model};

async function look() {
  try {
    const state = await get('/api/status');
    chip.dataset.state = state.state;
    chip.textContent = words[state.state](state) + (state.waiting ? ` · ${state.waiting} waiting` : '');
    chip.title = state.message || `${state.fingerprint} on ${state.runtime}`;
  } catch {
    chip.dataset.state = 'stopped';
    chip.textContent = 'station does not answer';
  }
  setTimeout(look, chip.dataset.state === 'running' ? 5000 : 1500);
}

if (chip) look();
