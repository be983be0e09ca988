// Requests to the station; every failure is an Error with the station's own sentence.

const token = document.querySelector('meta[name=csrf-token]').content;

export async function get(path) {
  return answer(await fetch(path, {headers: {Accept: 'application/json'}}));
}

export async function post(path, body) {
  const headers = {Accept: 'application/json', 'X-CSRFToken': token};
  if (!(body instanceof FormData)) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(body);
  }
  return answer(await fetch(path, {method: 'POST', headers, body}));
}

async function answer(response) {
  let body = null;
  try {
    body = await response.json();
  } catch {
    throw new Error(`the station answered with status ${response.status}`);
  }
  if (!response.ok) {
    throw new Error(body.error ?? `the station answered with status ${response.status}`);
  }
  return body;
}
