// In a narrow window the filters are folded away, so that the list comes first, unless some of them are set.

const button = document.getElementById('show-filters');
const asked = [...new URLSearchParams(location.search)].some(([name, value]) => name !== 'page' && value);

function show(open) {
  button.setAttribute('aria-expanded', open);
}

show(asked);
button.addEventListener('click', () => show(button.getAttribute('aria-expanded') === 'false'));
