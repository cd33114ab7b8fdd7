import { expect, test } from 'vitest';
import { AssetChecker } from '../../src/catalog/asset-checker.ts';
import type { AssetUse } from '../../src/catalog/trial-rendering.ts';

const used = (...assets: string[]): ReadonlyMap<string, AssetUse> =>
  new Map(assets.map((asset, line) => [asset, { place: { file: 'profiles/p.yaml', line }, group: 'g' }]));

test('each file that cannot be served is a warning at the place that names it', async () => {
  const checker = new AssetChecker('/srv/assets', (_root, asset) =>
    Promise.resolve(asset === 'good' ? undefined : `is ${asset}`),
  );
  expect(await checker.check(used('good', 'empty', 'a%20pipe'))).toEqual({
    faults: [
      {
        file: 'profiles/p.yaml',
        line: 1,
        message: 'assets/empty is empty, and machines of group g would load it',
      },
      {
        file: 'profiles/p.yaml',
        line: 2,
        message: 'assets/a%20pipe is a%20pipe, and machines of group g would load it',
      },
    ],
    untried: 0,
  });
});

test('what is not looked at, because the time is over, is counted and not a warning', async () => {
  const looked: string[] = [];
  const checker = new AssetChecker('/srv/assets', (_root, asset) => {
    looked.push(asset);
    return Promise.resolve(undefined);
  });
  expect(await checker.check(used('a', 'b', 'c'), () => looked.length >= 1)).toEqual({
    faults: [],
    untried: 2,
  });
  expect(looked).toEqual(['a']);
});

/** A folder whose file server does not answer until it is told to. */
function hangingFolder() {
  let answer: ((fault: string | undefined) => void) | undefined;
  const looked: string[] = [];
  const checker = new AssetChecker('/srv/assets', (_root, asset) => {
    looked.push(asset);
    return new Promise((resolve) => (answer = resolve));
  });
  return { checker, looked, answer: (fault?: string) => answer?.(fault) };
}

/** Time that is over after so many questions. */
function overAfter(questions: number): () => boolean {
  let asked = 0;
  return () => ++asked > questions;
}

test('a folder that does not answer is named, ends the check when its time is over, and is not asked again', async () => {
  const { checker, looked } = hangingFolder();
  const hangs = {
    file: '/srv/assets',
    message: 'does not answer, so it is unknown whether the files that profiles name are there',
  };
  expect(await checker.check(used('a', 'b', 'c'), overAfter(25))).toEqual({ faults: [hangs], untried: 3 });
  // The next load.
  expect(await checker.check(used('a', 'b', 'c'), overAfter(1))).toEqual({ faults: [hangs], untried: 3 });
  expect(looked).toEqual(['a']);
});

test('of ten thousand files in a folder that does not answer, one is waited for', async () => {
  const { checker } = hangingFolder();
  const many = used(...Array.from({ length: 10_000 }, (_, index) => `file${index}`));
  expect(await checker.check(many, overAfter(2))).toEqual({ faults: [], untried: 10_000 });
});

test('a check that is ended early by the next load names no folder', async () => {
  const { checker, looked } = hangingFolder();
  expect(await checker.check(used('a', 'b'), overAfter(2))).toEqual({ faults: [], untried: 2 });
  expect(looked).toEqual(['a']);
});

test('a folder that answers again is looked at again', async () => {
  const { answer, checker, looked } = hangingFolder();
  await checker.check(used('a'), overAfter(2));
  answer('of the earlier check');
  const checking = checker.check(used('b'));
  await expect.poll(() => looked).toEqual(['a', 'b']);
  answer('does not exist');
  expect(await checking).toMatchObject({
    faults: [{ message: 'assets/b does not exist, and machines of group g would load it' }],
    untried: 0,
  });
});
