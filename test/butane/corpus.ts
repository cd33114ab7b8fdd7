import { chmodSync, cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compileButane } from '../../src/butane/compile.ts';
import type { CompileResult } from '../../src/butane/compile.ts';
import { openFilesDirectory } from '../../src/catalog/files-directory.ts';
import { DataUrlError, decodeDataUrl } from '../../src/ignition/data-url.ts';
import type { Entry } from '../../src/ignition/report.ts';
import { inputOf, readCases } from '../ignition/corpus.ts';

/** Butane 0.29.0's recorded result for one input. */
export interface ButaneCase {
  id: string;
  family: string;
  variant: string;
  version: string;
  flags: string[];
  input?: string;
  input_b64?: string;
  exit: number;
  output: string | null;
  report: string;
  entries: Entry[];
  report_match: 'exact' | 'go-text' | 'pretty';
  unordered: boolean;
  tags: string[];
}

/** All recorded cases of Butane. */
export function readButaneCases(): ButaneCase[] {
  return readCases<ButaneCase>('butane/cases.jsonl');
}

/** Links among the fixtures; copies of the corpus may contain files with the target instead. */
const links = ['linked-root', ...['abs', 'broken', 'dir', 'rel'].map((name) => `root/etc/link-${name}`)];

/** Copies the fixtures to a new directory, with the links that existed when the cases were recorded. */
export function stageFixtures(): string {
  const directory = mkdtempSync(join(tmpdir(), 'railhead-butane-'));
  const corpus = resolve(import.meta.dirname, '../../../shared/conformance/butane/files');
  cpSync(corpus, join(directory, 'files'), { recursive: true, verbatimSymlinks: true });
  const tree = join(directory, 'files/tree1');
  makeWritable(tree);
  for (const link of links) {
    const path = join(tree, link);
    if (lstatSync(path).isSymbolicLink()) continue;
    const target = readFileSync(path, 'utf8');
    rmSync(path, { force: true });
    symlinkSync(target, path);
  }
  return directory;
}

/** Removes the result of `stageFixtures`. */
export function removeFixtures(directory: string): void {
  makeWritable(directory);
  rmSync(directory, { recursive: true });
}

function makeWritable(directory: string): void {
  chmodSync(directory, 0o755);
  for (const name of readdirSync(directory, { withFileTypes: true })) {
    if (name.isDirectory()) makeWritable(join(directory, name.name));
  }
}

/** Compiles the input of a case with its flags, from the directory that has the fixtures. */
export function compileCase(each: ButaneCase): CompileResult {
  const { flags } = each;
  const flag = Math.max(flags.indexOf('--files-dir'), flags.indexOf('-d'));
  const directory = flag < 0 ? undefined : flags[flag + 1];
  return compileButane(inputOf(each), {
    pretty: flags.includes('--pretty') || flags.includes('-p'),
    ...(directory === undefined ? {} : { files: openFilesDirectory(directory) }),
  });
}

/** Replaces every embedded resource and its compression by the bytes that a machine gets. */
export function unpackResources(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpackResources);
  if (typeof value !== 'object' || value === null) return value;
  const unpacked = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, unpackResources(inner)] as const),
  );
  const { source, compression = '' } = unpacked;
  if (typeof source !== 'string' || !source.startsWith('data:')) return unpacked;
  if (compression !== '' && compression !== 'gzip') return unpacked;
  try {
    const bytes = decodeDataUrl(source);
    const contents = compression === 'gzip' ? gunzipSync(bytes) : bytes;
    return { ...unpacked, source: contents.toString('base64'), compression: 'unpacked' };
  } catch (error) {
    // Contents that the user declared as compressed, although they are not.
    if (error instanceof DataUrlError || (error as NodeJS.ErrnoException).code === 'Z_DATA_ERROR')
      return unpacked;
    throw error;
  }
}
