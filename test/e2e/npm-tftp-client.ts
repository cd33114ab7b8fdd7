// @ts-expect-error the package has no types
import * as tftp from 'tftp';

// Gets a file with the npm package `tftp`: `npm-tftp-client.ts HOST NAME FILE WINDOWSIZE`.

interface Client {
  get: (name: string, file: string, done: (error?: Error | null) => void) => void;
}

const [host, name = '', file = '', windowSize] = process.argv.slice(2);
const settings = { host, windowSize: Number(windowSize), retries: 10, timeout: 1000 };
const { createClient } = (tftp as { default: { createClient: (of: typeof settings) => Client } }).default;

createClient(settings).get(name, file, (error) => {
  if (error === undefined || error === null) return;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
