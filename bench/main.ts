import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// `npm run bench -- NAME [ARGS...]` runs bench/NAME.ts; without a name it lists the benchmarks.

const [name, ...args] = process.argv.slice(2);
const file = join(import.meta.dirname, `${name ?? ''}.ts`);
if (name !== undefined && name !== 'main' && existsSync(file)) {
  process.argv = [process.argv[0] ?? 'node', file, ...args];
  await import(pathToFileURL(file).href);
} else {
  const names = readdirSync(import.meta.dirname)
    .filter((entry) => entry.endsWith('.ts') && entry !== 'main.ts')
    .map((entry) => entry.slice(0, -'.ts'.length));
  process.stderr.write(`npm run bench -- NAME, where NAME is one of: ${names.join(', ')}\n`);
  process.exitCode = 2;
}
