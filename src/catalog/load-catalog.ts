import path from 'node:path';
import { type Problem, sortProblems } from '../documents/problem.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { AssetChecker } from './asset-checker.ts';
import { CatalogLoader, type Loaded, type StandIn } from './catalog-loader.ts';
import { GenerationBuilder } from './generation-builder.ts';
import type { KeptFiles } from './kept-catalog.ts';
import type { Generation } from './generation.ts';
import { DirectorySource } from './sources/directory-source.ts';
import { tryEverything } from './trial-rendering.ts';

/** A catalog from files, with its problems. */
export interface CatalogOfFiles {
  /** Absent when there are no files that can be read. */
  readonly generation?: Generation;
  readonly machines: readonly Machine[];
  readonly problems: readonly Problem[];
}

/** A catalog from files of which everything was rendered as a trial. */
export interface CheckedCatalog extends CatalogOfFiles {
  /** `kept`: the files cannot be read at all, and this is the stored catalog. */
  readonly from: 'files' | 'kept';
  /** The last good versions of files that cannot be used as they are. */
  readonly standIns: readonly StandIn[];
  /** Files that can be read and contain errors. */
  readonly brokenFiles: ReadonlySet<string>;
  readonly warnings: readonly Problem[];
  /** How many files under assets/ machines would load. */
  readonly assetCount: number;
  /** Those of them that cannot be loaded; they are among the warnings, too. */
  readonly assetFaults: readonly Problem[];
}

/** Loads the catalog in a directory for a command. Never throws because of errors in the files. */
export async function loadFiles(directory: string, now: () => Date): Promise<CatalogOfFiles> {
  return toCatalog(await load(directory, now), now);
}

/**
 * Loads the catalog in a directory, renders everything as a trial, and checks that the files that machines would load
 * exist in `assets`, the folder behind `/assets/`. With `kept`, the last good version of the files, it loads what a server
 * would serve that has this in its store.
 */
export async function loadCatalog(
  directory: string,
  now: () => Date,
  assets: string = path.join(directory, 'assets'),
  kept?: KeptFiles,
  networks?: readonly string[],
): Promise<CheckedCatalog> {
  const loaded = await load(directory, now, kept);
  const catalog = toCatalog(loaded, now);
  if (loaded.kind === 'nothing' || catalog.generation === undefined) {
    return {
      ...catalog,
      from: 'files',
      standIns: [],
      brokenFiles: new Set(),
      warnings: [],
      assetCount: 0,
      assetFaults: [],
    };
  }
  const { content, from, standIns } = loaded;
  const trial = tryEverything(content, catalog.generation, undefined, networks);
  const { faults: assetFaults } = await new AssetChecker(assets).check(trial.assets);
  return {
    ...catalog,
    from,
    standIns,
    brokenFiles: content.brokenFiles,
    problems: sortProblems([...loaded.problems, ...trial.problems]),
    warnings: sortProblems([...content.warnings, ...trial.warnings, ...assetFaults]),
    assetCount: trial.assets.size,
    assetFaults,
  };
}

function load(directory: string, now: () => Date, kept?: KeptFiles): Promise<Loaded> {
  const nowMs = (): number => now().getTime();
  return new CatalogLoader(new DirectorySource(directory, nowMs), kept).load(nowMs());
}

function toCatalog(loaded: Loaded, now: () => Date): CatalogOfFiles {
  const problems = sortProblems(loaded.problems);
  if (loaded.kind === 'nothing') return { machines: [], problems };
  const { content } = loaded;
  return { generation: new GenerationBuilder().build(content, now()), machines: content.machines, problems };
}
