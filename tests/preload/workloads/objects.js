// Objects, strings, buffers, JSON, workers.
const { Worker, isMainThread, parentPort, workerData } = require("worker_threads");
const crypto = require("crypto");

function work(seed) {
    let state = seed >>> 0;
    const number = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
    const map = new Map();
    for (let i = 0; i < 60000; i++) {
        const key = "k" + (number() % 5000);
        map.set(key, (map.get(key) || "") + String.fromCharCode(97 + (i % 26)));
    }
    const text = JSON.stringify([...map].sort());
    const hash = crypto.createHash("sha256").update(text);
    for (let i = 0; i < 3000; i++) hash.update(Buffer.alloc(number() % 20000, i & 255));
    const big = Buffer.concat(Array.from({ length: 64 }, (_, i) => Buffer.alloc(65536, i)));
    hash.update(big.subarray(1000)).update(JSON.stringify(JSON.parse(text).reverse()));
    return hash.digest("hex");
}

if (isMainThread) {
    console.log("main", work(1));
    const workers = [2, 3, 4, 5].map((seed) => new Promise((done, failed) => {
        new Worker(__filename, { workerData: seed }).on("message", done).on("error", failed);
    }));
    Promise.all(workers).then((hashes) => hashes.forEach((hash, i) => console.log(i, hash)));
} else {
    parentPort.postMessage(work(workerData));
}
