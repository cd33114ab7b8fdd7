import { setImmediate } from 'node:timers/promises';
import { type Problem, sortProblems } from '../documents/problem.ts';
import { readCatalogFiles } from './catalog-files.ts';
import { compileCatalog } from './compile-catalog.ts';
import { openFilesDirectory } from './files-directory.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { Generation } from './generation.ts';
import { renderEverything } from './render-everything.ts';

/** A generation, or everything that is wrong with the tree. */
export type LoadedCatalog =
  | { readonly kind: 'generation'; readonly generation: Generation; readonly machines: readonly Machine[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/**
 * Loads the catalog in a directory: reads profiles/, groups/ and machines/, compiles them, and renders everything once
 * to see that it can be rendered. Never throws for what is in the files. Lets other work in between.
 */
export async function loadCatalog(directory: string, now: () => Date): Promise<LoadedCatalog> {
  const { files, problems } = await readCatalogFiles(directory);
  const compiled = compileCatalog(files, now(), openFilesDirectory(`${directory}/profiles`));
  if (compiled.kind === 'invalid') {
    return { kind: 'invalid', problems: sortProblems([...problems, ...compiled.problems]) };
  }
  const { generation, machines, places } = compiled;
  const failures = await renderEverything(
    generation,
    machines,
    places,
    () => performance.now(),
    setImmediate,
  );
  const all = sortProblems([...problems, ...failures]);
  return all.length === 0 ? { kind: 'generation', generation, machines } : { kind: 'invalid', problems: all };
}
