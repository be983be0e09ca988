// The pictures in what an operator drops or chooses, each with its path as far as the browser tells it.

const PICTURE = /^[^.].*\.(png|jpe?g|jfif|jpe|bmp|tiff?|webp|jp2|j2k)$/i;

// Of a field: a chosen folder's files have their path in it.
export function chosen(files) {
  return sorted([...files].map((file) => ({file, path: file.webkitRelativePath || file.name})));
}

// Folders that were dropped are opened; what was dropped itself is taken whatever it is called.
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry); // before any wait
  if (!entries.length) return chosen(transfer.files);
  const found = [];
  for (const entry of entries) await open(entry, found);
  return sorted(found);
}

// Takes what looks like a picture from folders, and counts the rest.
function sorted(found) {
  const taken = found.filter(({file, path}) => !path.includes('/') || PICTURE.test(file.name));
  return {taken, left: found.length - taken.length};
}

async function open(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({file, path: entry.fullPath.replace(/^\//, '')});
    return;
  }
  const reader = entry.createReader();
  const more = () => new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
  for (let inside = await more(); inside.length; inside = await more()) {
    for (const one of inside) await open(one, found);
  }
}
