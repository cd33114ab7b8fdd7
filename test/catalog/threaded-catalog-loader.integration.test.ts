import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import pino from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.ts';
import { type CatalogLoad, ThreadedCatalogLoader } from '../../src/catalog/threaded-catalog-loader.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import { threadScript } from '../../src/threads/thread-script.ts';
import { FakeCatalogKeeper } from '../fakes/fake-catalog-keeper.ts';
import type { ThreadFault } from '../fakes/faulty-load-thread.ts';
import { catalogTree } from './catalog-tree.ts';

// Where everything is tested at once, a thread waits for a processor.
vi.setConfig({ testTimeout: 120_000 });

const PATIENT_MS = 100_000;
/** Whether a thread has got as far as its fault by then is of no account: it is one that does not answer. */
const SHORT_MS = 50;

const TREE = { 'profiles/p.yaml': 'id: p\n', 'groups/g.yaml': 'id: g\nprofile: p\n' };

const loaders: ThreadedCatalogLoader[] = [];
afterEach(async () => {
  for (const loader of loaders.splice(0)) await loader.close();
});

// The folder of assets is not that of the catalog, and the settings have networks.
test('the thread warns of files that machines would load and that are missing, in log and status, until they are there', async () => {
  const directory = catalogTree({
    'profiles/p.yaml': 'id: p\nboot: {kernel: /assets/vmlinuz}\n',
    'groups/g.yaml':
      'id: g\nprofile: p\nselector:\n  network: rack9\ndhcp_options: [{code: 26, value: 9000}]\n',
    'images/other': 'x',
  });
  const loader = new ThreadedCatalogLoader({
    place: { directory, assets: `${directory}/images`, networks: ['rack1'] },
    timeoutMs: PATIENT_MS,
  });
  loaders.push(loader);
  const lines: { msg: string; problem?: string }[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  const catalog = new Catalog({
    directory,
    loader,
    keeper: new FakeCatalogKeeper(),
    publish: (_machines, swap) => Promise.resolve(swap()),
    now: () => new Date(0),
    log: pino({}, { write }),
  });
  const warnings = (): string[] => catalog.status().warnings.map(formatProblem);
  await catalog.start();
  await catalog.reload();
  const missing =
    'profiles/p.yaml:2:16: assets/vmlinuz does not exist, and machines of group g would load it';
  expect(warnings()).toEqual([missing]);
  expect(lines.filter(({ msg }) => msg === 'catalog warning').map(({ problem }) => problem)).toContain(
    missing,
  );
  // What `railhead check` says of networks, the server says too.
  expect(catalog.status().problems.map(formatProblem)).toEqual([
    expect.stringMatching(/^groups\/g\.yaml:4:.*no DHCP client gets the dhcp_options of group g: .*rack9/),
  ]);

  writeFileSync(`${directory}/images/vmlinuz`, 'kernel');
  await catalog.reload();
  expect(warnings()).toEqual([]);
  await catalog.close();
});

/** A loader over a tree, whose thread has a fault if the tree says so when it starts. */
function rig(fault?: ThreadFault) {
  const directory = catalogTree(TREE);
  const parts = {
    place: { directory, assets: `${directory}/assets` },
    timeoutMs: PATIENT_MS,
    script: threadScript(new URL('../fakes/faulty-load-thread.js', import.meta.url)),
  };
  const loader = new ThreadedCatalogLoader(parts);
  loaders.push(loader);
  if (fault !== undefined) writeFileSync(`${directory}/fault`, JSON.stringify(fault));
  return {
    directory,
    loader,
    load: (): Promise<CatalogLoad> => loader.load(new Date(0), () => Promise.resolve(undefined)),
    limit: (timeoutMs: number) => (parts.timeoutMs = timeoutMs),
    repair: () => rmSync(`${directory}/fault`),
  };
}

describe('a thread that does not answer', () => {
  test.each<ThreadFault>([
    { at: 'start', how: 'loops' },
    { at: 'load', how: 'loops' },
    { at: 'load', how: 'waits' },
    { at: 'next', how: 'loops' },
  ])('at $at, since it $how, is ended, and the next load works', async (fault) => {
    const { limit, load, repair } = rig(fault);
    limit(SHORT_MS);
    await expect(load()).rejects.toThrow('reading the catalog took more than 0.05 s and was stopped');
    repair();
    limit(PATIENT_MS);
    expect(await load()).toMatchObject({ kind: 'loaded', from: 'files', problems: [] });
  });

  test('in a system call, where it cannot be ended, is left behind', async () => {
    const { directory, load, loader } = rig({ at: 'load', how: 'blocked' });
    execFileSync('mkfifo', [`${directory}/fifo`]);
    const failed = expect(load()).rejects.toThrow('Railhead is stopping');
    // Opens as soon as the thread has opened it to read, and waits for what is never written.
    const fifo = await open(`${directory}/fifo`, 'w');
    await loader.close();
    await failed;
    await fifo.close();
  });

  test('while everything is rendered as a trial is ended too, and its catalog serves', async () => {
    const { limit, load, repair } = rig({ at: 'try', how: 'loops' });
    const loaded = await load();
    expect(loaded.kind).toBe('loaded');
    limit(SHORT_MS);
    if (loaded.kind === 'loaded') {
      await expect(loaded.tryOut()).rejects.toThrow('rendering the catalog took more than 0.05 s');
    }
    repair();
    limit(PATIENT_MS);
    expect(await load()).toMatchObject({ kind: 'loaded' });
  });
});

describe('a thread that ends by itself', () => {
  test.each<[ThreadFault, string]>([
    [{ at: 'start', how: 'throws' }, 'a fault in the thread'],
    [{ at: 'load', how: 'throws' }, 'a fault in the thread'],
    [{ at: 'next', how: 'exits' }, 'the thread that loads the catalog has ended'],
  ])('%o fails its load, and the next one works', async (fault, message) => {
    const { load, repair } = rig(fault);
    await expect(load()).rejects.toThrow(message);
    repair();
    expect(await load()).toMatchObject({ kind: 'loaded', problems: [] });
  });

  test('while everything is rendered as a trial costs the next load nothing', async () => {
    const { load, repair } = rig({ at: 'try', how: 'exits' });
    const loaded = await load();
    if (loaded.kind === 'loaded') await expect(loaded.tryOut()).rejects.toThrow('has ended');
    repair();
    expect(await load()).toMatchObject({ kind: 'loaded' });
  });
});

test('a catalog says in log and status that a load was given up, serves what it has, and loads again', async () => {
  const { directory, limit, loader } = rig();
  const lines: { msg: string; serving?: string; err?: { message: string } }[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  const catalog = new Catalog({
    directory,
    loader,
    keeper: new FakeCatalogKeeper(),
    publish: (_machines, swap) => Promise.resolve(swap()),
    now: () => new Date(0),
    log: pino({}, { write }),
  });
  await catalog.start();
  const { generation } = catalog;
  // The thread that has loaded is ended first: a limit that is over at once.
  limit(0);
  await catalog.reload();
  const told = lines.find(({ msg }) => msg === 'the catalog could not be loaded');
  expect(told?.serving).toBe(generation?.id);
  expect(told?.err?.message).toMatch(/was stopped/);
  expect(
    catalog
      .status()
      .problems.map(({ message }) => message)
      .join(),
  ).toMatch(/was stopped/);
  expect(catalog.generation).toBe(generation);

  writeFileSync(`${directory}/groups/g.yaml`, 'id: other\nprofile: p\n');
  limit(PATIENT_MS);
  await catalog.reload();
  expect(catalog.generation?.groups.map(({ id }) => id)).toEqual(['other']);
  expect(catalog.status().problems).toEqual([]);
  await catalog.close();
});
