import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { watchFolders } from '../../src/catalog/watch-folders.ts';

let directory: string;
let stop: () => Promise<void>;
let changes: number;
let wake: () => void;

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'railhead-watch-'));
  mkdirSync(path.join(directory, 'groups'));
  mkdirSync(path.join(directory, 'releases/1'), { recursive: true });
  mkdirSync(path.join(directory, 'releases/2'), { recursive: true });
  symlinkSync('releases/1', path.join(directory, 'profiles'));
  changes = 0;
  wake = () => undefined;
  const failed = (error: unknown): void => {
    throw error;
  };
  const changed = (): void => {
    changes++;
    wake();
  };
  const folders = ['groups', 'profiles', 'machines'].map((name) => path.join(directory, name));
  stop = await watchFolders(folders, { changed, failed }, 10);
});

afterEach(async () => {
  await stop();
  rmSync(directory, { recursive: true });
});

/** Resolves with the next change that `action` causes. */
async function changeBy(action: () => void): Promise<void> {
  const changed = new Promise<void>((resolve) => (wake = resolve));
  action();
  await changed;
}

const write = (name: string): void => writeFileSync(path.join(directory, name), name);

describe('a change is', () => {
  test.each<[string, (() => void)[]]>([
    ['a file in a folder', [() => write('groups/a.yaml')]],
    [
      'a folder that did not exist, and then a file in it',
      [() => mkdirSync(path.join(directory, 'machines')), () => write('machines/a.yaml')],
    ],
    [
      'a folder that is removed and made again, as by a checkout',
      [
        () => rmSync(path.join(directory, 'groups'), { recursive: true }),
        () => mkdirSync(path.join(directory, 'groups')),
        () => write('groups/b.yaml'),
      ],
    ],
    [
      'a link that leads elsewhere',
      [
        () => {
          unlinkSync(path.join(directory, 'profiles'));
          symlinkSync('releases/2', path.join(directory, 'profiles'));
        },
        () => write('releases/2/a.yaml'),
      ],
    ],
  ])('%s', async (_name, actions) => {
    for (const action of actions) await changeBy(action);
    expect(changes).toBeGreaterThanOrEqual(actions.length);
  });
});

test('a change beside the folders, such as a lease in the database, is not reported', async () => {
  write('railhead.db');
  write('railhead.db-wal');
  await changeBy(() => write('groups/last.yaml'));
  expect(changes).toBe(1);
});
