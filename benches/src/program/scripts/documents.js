// Buffers outside the heap of V8, documents, maps and strings; the argument says how many.
'use strict';

const zlib = require('zlib');
const crypto = require('crypto');

const count = Number(process.argv[2]);
let seed = 42;

function draw() {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return seed >>> 8;
}

const documents = [];
const byTag = new Map();
for (let number = 0; number < count; number++) {
  const tags = Array.from({ length: draw() % 8 }, () => `tag${draw() % 300}`);
  documents.push({ number, name: `name ${draw() % 10000}`, tags, weight: (draw() % 1000) / 8 });
  for (const tag of tags) byTag.set(tag, (byTag.get(tag) || []).concat(number).slice(-50));
}
const text = JSON.stringify(documents);
const parsed = JSON.parse(text);

const window = [];
let bytes = 0;
for (let number = 0; number < 10 * count; number++) {
  window.push(Buffer.allocUnsafeSlow(64 + draw() % 2000).fill(number & 255));
  if (window.length > 500) bytes += window.splice(draw() % 500, 1)[0].length;
}

const hash = crypto.createHash('sha256');
for (let start = 0; start < parsed.length; start += 20) {
  const packed = zlib.deflateSync(JSON.stringify(parsed.slice(start, start + 20)), { level: 1 });
  hash.update(zlib.inflateSync(packed));
}
console.log(text.length, byTag.size, bytes, hash.digest('hex'));
