import { LineOutput } from '../../src/log/line-output.ts';
import { createLogger } from '../../src/log/logger.ts';

// Writes log lines to its standard output in every turn of the event loop, and reports the result on standard error:
// `writer-process.ts LINES_PER_TURN TURNS`. It ends only when told to, so that a test can see that it is still running.

const [perTurn = 0, turns = 0] = process.argv.slice(2).map(Number);
const output = LineOutput.toDescriptor(1);
let lost = 0;
output.onLoss((lines) => (lost += lines));
const log = createLogger('info', output);
const alive = setInterval(() => undefined, 1_000);
process.once('SIGTERM', () => {
  clearInterval(alive);
  process.stderr.write(`lost=${lost} ended\n`);
});

for (let turn = 0; turn < turns; turn++) {
  for (let number = 0; number < perTurn; number++) log.info({ turn, number }, 'x'.repeat(200));
  await new Promise((next) => setImmediate(next));
}
process.stderr.write(`written lost=${lost}\n`);
