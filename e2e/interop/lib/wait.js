'use strict';

const { once } = require('node:events');

const patience = 15_000; // ms, for anything that a scenario waits for

// within is the promise's value, or an error that says what did not come.
async function within(promise, what, ms = patience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// event is the arguments of an emitter's next event of that name.
function event(emitter, name, what = name) {
  return within(once(emitter, name), what);
}

// until asks again and again until the answer is true, for what nothing announces.
async function until(ask, what, ms = patience) {
  for (const end = Date.now() + ms; ;) {
    if (await ask()) return;
    if (Date.now() > end) throw new Error(`${what}: not so within ${ms} ms`);
    await pause(50);
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

module.exports = { within, event, until };
