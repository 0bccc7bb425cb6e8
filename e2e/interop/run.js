// Runs the scenarios of an area over a transport, all at once; interop_test.go calls it.
//
//	node run.js AREA TRANSPORT PREFIX
//
// PREFIX begins every id that is made. What is written is JSON, a line each: {"names"} of what will run, and, as each ends,
// {"name", "prefix", "milliseconds"} with an "error" if it failed.
'use strict';

const path = require('node:path');

const { Service } = require('./lib/service');

async function main(area, transport, prefix) {
  // A file of scenarios exports transports, by name, and scenarios, by name: functions of one argument.
  const { transports, scenarios } = require(path.join(__dirname, 'scenarios', area));
  if (!(transport in transports)) throw new Error(`${area} has no scenarios for ${transport}`);
  const say = (line) => console.log(JSON.stringify(line));
  say({ names: Object.keys(scenarios) });
  await Promise.all(Object.entries(scenarios).map(async ([name, scenario], i) => {
    const own = `${prefix}-${String(i + 1).padStart(2, '0')}`;
    const started = Date.now();
    const result = { name, prefix: own };
    try {
      await scenario({ service: await Service.connect(own), transport: transports[transport], prefix: own });
    } catch (err) {
      // Not the whole error: the SDKs' hold requests, with their tokens.
      result.error = [err.stack, err.responseBody].filter(Boolean).join('\n');
    }
    say({ ...result, milliseconds: Date.now() - started });
  }));
}

// A scenario that failed half-way has open connections, which would keep the process.
main(...process.argv.slice(2)).then(() => process.exit(0), (err) => {
  console.error(err);
  process.exit(1);
});
