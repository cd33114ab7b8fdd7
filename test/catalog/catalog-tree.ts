import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';

const trees: string[] = [];

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true, force: true });
});

/**
 * A clock for loading a tree that is written in full by then: it is later than every file, so that nothing of it can
 * still be changing, and the source need not look a second time after a pause.
 */
export const AFTERWARDS = (): Date => new Date('2100-01-01T00:00:00Z');

/** Creates a directory with these files, by their path in it, and removes it after the test. */
export function catalogTree(files: Readonly<Record<string, string | Buffer>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'railhead-catalog-'));
  trees.push(root);
  for (const [file, content] of Object.entries(files)) writeCatalogFile(root, file, content);
  return root;
}

/** Writes one file of a tree, creating its folders. */
export function writeCatalogFile(root: string, file: string, content: string | Buffer): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), content);
}

/** Adds a symbolic link to a tree. */
export function linkCatalogFile(root: string, file: string, target: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  symlinkSync(target, path.join(root, file));
}
