import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Problem, sortProblems } from '../documents/problem.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { CatalogLoader, type Loaded } from './catalog-loader.ts';
import { GenerationBuilder } from './generation-builder.ts';
import type { Generation } from './generation.ts';
import { DirectorySource } from './sources/directory-source.ts';
import { tryEverything } from './trial-rendering.ts';

/** A catalog from files, with what is wrong with it. */
export interface CatalogOfFiles {
  /** Absent when there are no files that can be read. */
  readonly generation?: Generation;
  readonly machines: readonly Machine[];
  readonly problems: readonly Problem[];
}

/** A catalog from files of which everything was rendered. */
export interface CheckedCatalog extends CatalogOfFiles {
  readonly warnings: readonly Problem[];
}

/** Loads the catalog in a directory for a command. Never throws for what is in the files. */
export async function loadFiles(directory: string, now: () => Date): Promise<CatalogOfFiles> {
  return toCatalog(await load(directory, now), now);
}

/**
 * Loads the catalog in a directory, renders everything once, and looks for the files that machines would load in
 * `assets`, the folder behind `/assets/`.
 */
export async function loadCatalog(
  directory: string,
  now: () => Date,
  assets: string = path.join(directory, 'assets'),
): Promise<CheckedCatalog> {
  const loaded = await load(directory, now);
  const catalog = toCatalog(loaded, now);
  if (loaded.kind === 'nothing' || catalog.generation === undefined) return { ...catalog, warnings: [] };
  const { content } = loaded;
  const trial = tryEverything(content, catalog.generation);
  const missing = await missingAssets(assets, trial.assets);
  return {
    ...catalog,
    problems: sortProblems([...loaded.problems, ...trial.problems]),
    warnings: sortProblems([...content.warnings, ...trial.warnings, ...missing]),
  };
}

function load(directory: string, now: () => Date): Promise<Loaded> {
  return new CatalogLoader(new DirectorySource(directory)).load(now().getTime());
}

function toCatalog(loaded: Loaded, now: () => Date): CatalogOfFiles {
  const problems = sortProblems(loaded.problems);
  if (loaded.kind === 'nothing') return { machines: [], problems };
  const { content } = loaded;
  return { generation: new GenerationBuilder().build(content, now()), machines: content.machines, problems };
}

/** Of the files that machines would load, those that are not there. */
async function missingAssets(directory: string, assets: ReadonlyMap<string, Problem>): Promise<Problem[]> {
  const missing: Problem[] = [];
  for (const [asset, problem] of assets) {
    try {
      await stat(path.join(directory, decodeURIComponent(asset)));
    } catch {
      missing.push(problem);
    }
  }
  return missing;
}
