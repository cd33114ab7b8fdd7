import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileButane } from '../src/butane/compile.ts';

// The speed of the Butane compiler: a typical document once warm, the recorded cases, documents of growing size, and
// the butane command, if it is installed. `npm run bench -- butane`.

const worker = readFileSync(join(import.meta.dirname, 'worker.bu'));

/** Best of five rounds, in microseconds per call: the speed while no other program uses the machine. */
function measure(calls: number, action: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6; round++) {
    const start = process.hrtime.bigint();
    for (let call = 0; call < calls; call++) action();
    const micros = Number(process.hrtime.bigint() - start) / 1e3 / calls;
    if (round > 0) best = Math.min(best, micros);
  }
  return best;
}

function print(...columns: (string | number)[]): void {
  const [first = '', ...others] = columns.map(String);
  process.stdout.write(`${first.padEnd(44)}${others.map((other) => other.padStart(14)).join('')}\n`);
}

const micros = measure(2000, () => compileButane(worker));
print('a worker, once warm', `${worker.length} bytes`, `${(micros / 1000).toFixed(3)} ms`, 'budget 0.5 ms');

const corpus = join(import.meta.dirname, '../../shared/conformance/butane/cases.jsonl');
if (existsSync(corpus)) {
  const inputs = readFileSync(corpus, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { input?: string }).input ?? '');
  const bytes = inputs.reduce((sum, input) => sum + input.length, 0);
  const perCorpus = measure(2, () => {
    for (const input of inputs) compileButane(input);
  });
  const rate = Math.round((inputs.length / perCorpus) * 1e6);
  print(
    'the recorded cases',
    `${inputs.length} cases`,
    `${rate}/s`,
    `${((bytes / perCorpus) * 0.953674).toFixed(1)} MiB/s`,
  );
} else {
  print('the recorded cases', 'not here');
}

/** A document with as many files as give it about this size. */
function documentOf(bytes: number): string {
  const lines = ['variant: flatcar', 'version: 1.1.0', 'storage:', '  files:'];
  let length = 0;
  for (let number = 0; length < bytes; number++) {
    const file = `    - path: /etc/app/${number}.conf\n      mode: 0644\n      contents:\n        inline: |\n          key = ${number}\n          name = "value ${number}"`;
    lines.push(file);
    length += file.length + 1;
  }
  return `${lines.join('\n')}\n`;
}

for (const kilobytes of [10, 100, 1000, 5000]) {
  const document = documentOf(kilobytes * 1000);
  const perDocument = measure(Math.max(1, Math.round(2000 / kilobytes)), () => compileButane(document));
  const perKilobyte = perDocument / kilobytes;
  print(
    'files of 60 bytes each',
    `${kilobytes} kB`,
    `${(perDocument / 1000).toFixed(1)} ms`,
    `${perKilobyte.toFixed(0)} us/kB`,
  );
}
for (const kilobytes of [100, 5000]) {
  const document = `variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - path: /a\n      contents:\n        inline: "${'a b\\n'.repeat(kilobytes * 200)}"\n`;
  const perDocument = measure(1, () => compileButane(document));
  print(
    'one scalar',
    `${kilobytes} kB`,
    `${(perDocument / 1000).toFixed(1)} ms`,
    `${(perDocument / kilobytes).toFixed(0)} us/kB`,
  );
}

const butane = spawnSync('butane', ['--version'], { encoding: 'utf8' });
if (butane.error) {
  print('the butane command', 'not on the PATH');
} else {
  const perProcess = measure(20, () => spawnSync('butane', [], { input: worker }));
  print(butane.stdout.trim(), `${worker.length} bytes`, `${(perProcess / 1000).toFixed(1)} ms`, 'a process');
}
