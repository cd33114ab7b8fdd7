import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import path from 'node:path';

/** What is read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Dependencies of dependencies that only installing, or a command line of theirs, uses. */
const UNUSED: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['prebuild-install'],
  handlebars: ['minimist', 'neo-async', 'uglify-js', 'wordwrap'],
};

/** Folders that no program loads. Others are kept, since `doc` and the like may be the program's own. */
const NEEDLESS_FOLDERS = /^(?:\..*|tests?|__tests__|examples?|benchmarks?|obj\.target|musl_.*)$/;
/** Programs, data and licences; not types, maps, sources in other languages, or settings of the makers' tools. */
const NEEDED_FILES =
  /(?:^package\.json|\.(?:c?js|mjs|json|node)|^(?:licen[cs]e|copying|notice|copyright)\b.*)$/i;
const NEEDLESS_FILES = /(?:^\..*|\.config\.[cm]?js|^tsconfig.*\.json|^test_.*\.node)$/;

/** The folder of every package that the program loads, in the `node_modules` of this folder, in alphabetical order. */
export function loadedPackages(source: string): string[] {
  const found = new Set<string>();
  const follow = (folder: string): void => {
    const manifest = readManifest(folder);
    const optional = Object.keys(manifest.optionalDependencies ?? {});
    const unused = UNUSED[manifest.name] ?? [];
    for (const name of new Set([...Object.keys(manifest.dependencies ?? {}), ...optional])) {
      if (unused.includes(name)) continue;
      const dependency = resolve(source, folder, name);
      if (dependency === undefined) {
        if (optional.includes(name)) continue;
        throw new Error(`${manifest.name} needs ${name}, which is not installed: run npm ci`);
      }
      if (found.has(dependency)) continue;
      found.add(dependency);
      follow(dependency);
    }
  };
  follow(source);
  return [...found].sort();
}

/** Copies what the program loads of its dependencies from `source` to `target`, both with a folder `node_modules`. */
export function copyDependencies(source: string, target: string): void {
  for (const folder of loadedPackages(source))
    copyNeeded(folder, path.join(target, path.relative(source, folder)));
}

/** What a package.json says. */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The package of this name that a file in `folder` loads, as Node.js looks for it. */
function resolve(source: string, folder: string, name: string): string | undefined {
  for (let from = folder; from.startsWith(source); from = path.dirname(from)) {
    const candidate = path.join(from, 'node_modules', name);
    if (existsSync(path.join(candidate, 'package.json'))) return candidate;
  }
  return undefined;
}

function copyNeeded(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    const file = path.join(from, name);
    const status = lstatSync(file);
    if (status.isDirectory()) {
      // A package within a package is copied on its own, if it is needed.
      if (name !== 'node_modules' && !NEEDLESS_FOLDERS.test(name)) copyNeeded(file, path.join(to, name));
    } else if (status.isFile() && NEEDED_FILES.test(name) && !NEEDLESS_FILES.test(name) && !isCommand(file)) {
      mkdirSync(to, { recursive: true });
      copyFileSync(file, path.join(to, name));
      chmodSync(path.join(to, name), 0o644);
    }
  }
}

/** Whether a file is a program of its own. */
function isCommand(file: string): boolean {
  return readFileSync(file).subarray(0, 2).toString('latin1') === '#!';
}
