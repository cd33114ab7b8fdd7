import { execFileSync } from 'node:child_process';
import path from 'node:path';

/**
 * Builds the program once for all tests that start it, into dist/ as `npm run build` does: a process that has to compile
 * it first takes seconds to start. Types are checked elsewhere.
 */
export default function buildProgram(): void {
  const root = path.resolve(import.meta.dirname, '../..');
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noCheck'], {
    cwd: root,
    stdio: 'inherit',
  });
}
