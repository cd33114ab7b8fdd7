import type { Problem } from '../documents/problem.ts';
import type { ReadDocuments, YamlDocument } from '../documents/yaml-documents.ts';
import type { Profile } from '../provision/rendering/profile.ts';
import type { TemplateNote } from '../provision/rendering/config-faults.ts';
import { TemplateError } from '../provision/rendering/template-error.ts';
import type { Compilation } from './compilation.ts';
import { compileProfile, type ProfileRecord } from './compiled-profile.ts';
import type { GoodDocument } from './document-folder.ts';
import { type ProfileDocument, profileDocument } from './document-schemas.ts';
import { namedFilesOf } from './named-files.ts';
import type { CatalogTree } from './sources/catalog-tree.ts';

/** The profiles of a tree. */
export interface CompiledProfiles {
  readonly records: ReadonlyMap<string, ProfileRecord>;
  readonly problems: ReadonlyMap<string, Problem>;
  readonly places: ReadonlyMap<ProfileRecord, YamlDocument>;
}

/** Reads the profiles of a tree, and compiles their templates to find errors. */
export function compileProfiles(compilation: Compilation): CompiledProfiles {
  const { kept, reader, tree } = compilation;
  const records = new Map<string, ProfileRecord>();
  const problems = new Map<string, Problem>();
  const places = new Map<ProfileRecord, YamlDocument>();
  const reading = reader.readFolder(tree, 'profiles', profileDocument, otherFiles(compilation));
  compilation.note(reading.problems, reading.broken);
  // A broken profile counts as existing, so that its groups are not reported as well.
  for (const { file, id, problem } of reading.broken) {
    const ids =
      id !== undefined ? [id] : [...(kept.profiles.idsByFile.get(file) ?? []), ...guessIds(tree, file)];
    for (const broken of ids) problems.set(broken, problem);
  }
  const settled = compilation.settle(reading.good);
  for (const { good, isOwner, problem } of settled) {
    const { id } = good.value;
    // A good document with the same id replaces the broken one.
    if (isOwner) problems.delete(id);
    if (
      problem !== undefined &&
      !settled.some((other) => other.isOwner && other.isUnchanged && other.good.value.id === id)
    )
      problems.set(id, problem);
    if (!isOwner) continue;
    const record = readProfile(good);
    const fault = compilation.noteFaults(record.file, faultsOf(compilation, good, record));
    if (fault !== undefined) problems.set(id, fault);
    records.set(id, record);
    places.set(record, good.document);
  }
  return { records, problems, places };
}

/** The problem of a template, whose name is relative to profiles/. */
export function templateProblem(error: TemplateNote): Problem {
  return {
    file: `profiles/${error.template}`,
    ...(error.line !== undefined && { line: error.line, column: error.column ?? 1 }),
    message: error.message,
  };
}

/**
 * Tells which files under profiles/ are not profiles: those that a profile names as a template or a template names as
 * a local file, and those that are clearly configs, which get a message of their own.
 */
function otherFiles({
  reader,
  tree,
  warnings,
}: Compilation): (file: string, read?: ReadDocuments) => boolean {
  const templates = new Set<string>();
  for (const { value } of reader.readFolder(tree, 'profiles', profileDocument).good) {
    const { generic, ignition } = value;
    for (const name of [...(typeof ignition === 'string' ? [ignition] : ignition), ...Object.values(generic)])
      templates.add(name);
  }
  const locals = namedFilesOf(tree);
  return (file, read) => {
    const name = file.slice('profiles/'.length);
    if (templates.has(name) || locals.has(name)) return true;
    if (read?.documents.some(({ value }) => profileDocument.safeParse(value).success) === true) return false;
    if (locals.mayHave(name)) return true;
    const kind = read && configKind(read, tree, file);
    if (kind === undefined) return false;
    const message = `this is ${kind}, and no profile uses it: name it in the ignition list of a profile, or remove it`;
    warnings.push({ file, message });
    return true;
  };
}

/** The kind of config that is in a file which is not a profile. */
function configKind(read: ReadDocuments, tree: CatalogTree, file: string): string | undefined {
  const values = [...read.documents.map(({ value }) => value), ...read.fragments];
  for (const value of values) {
    if (typeof value !== 'object' || value === null || 'id' in value) continue;
    if ('variant' in value && 'version' in value) return 'a Butane config';
    const { ignition } = value as { ignition?: unknown };
    if (typeof ignition === 'object' && ignition !== null && 'version' in ignition)
      return 'an Ignition config';
  }
  // A template may not be valid YAML before it is rendered.
  if (read.problems.length === 0) return undefined;
  const text = textOf(tree, file);
  return /^variant:/m.test(text) && /^version:/m.test(text) && !/^id:/m.test(text)
    ? 'a Butane config'
    : undefined;
}

function guessIds(tree: CatalogTree, file: string): string[] {
  return [...textOf(tree, file).matchAll(/^id:\s*["']?([\w.-]+)/gm)].map(([, id]) => id ?? '');
}

function textOf(tree: CatalogTree, file: string): string {
  return Buffer.from(tree.read(file)?.bytes ?? []).toString('utf8');
}

function readProfile({ document, value }: GoodDocument<ProfileDocument>): ProfileRecord {
  const { boot, generic, id, lifecycle, metadata, name, on_failure: onFailure } = value;
  const localBoot = value.local_boot;
  const { protect, rescue, reset, unarmed } = value;
  const profile: Profile = {
    id,
    ...(name !== undefined && { name }),
    ...(boot !== undefined && { boot }),
    ignition: typeof value.ignition === 'string' ? [value.ignition] : value.ignition,
    generic,
    lifecycle,
    ...(protect !== undefined && { protect }),
    ...(unarmed !== undefined && { unarmed }),
    ...(onFailure !== undefined && { onFailure }),
    ...(rescue !== undefined && { rescue }),
    ...(reset !== undefined && { reset }),
    ...(localBoot !== 'auto' && { localBoot }),
    metadata,
  };
  const placesOf = (field: 'initrd' | 'args') =>
    (boot?.[field] ?? []).map((_text, index) => document.placeOf(['boot', field, index]));
  const places = {
    ...(boot !== undefined && { kernel: document.placeOf(['boot', 'kernel']) }),
    initrd: placesOf('initrd'),
    args: placesOf('args'),
  };
  return { profile, file: document.file, places };
}

function faultsOf(
  compilation: Compilation,
  { document, value }: GoodDocument<ProfileDocument>,
  record: ProfileRecord,
): Problem[] {
  const { templates, tree } = compilation;
  const { profile } = record;
  const faults: Problem[] = [];
  const attempt = (action: () => unknown): void => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const problems = error.all().map(templateProblem);
      // The fault may be in a partial, which is another file.
      for (const { file } of problems) compilation.brokenFiles.add(file);
      faults.push(...problems);
    }
  };
  const tryTemplate = (name: string, path: readonly PropertyKey[]): void => {
    if (templates.has(name)) attempt(() => templates.file(name));
    else {
      const message = describeMissing(tree, `profiles/${name}`);
      faults.push({ file: document.file, ...document.placeOf(path), message });
    }
  };
  attempt(() => compileProfile(record, templates).boot);
  profile.ignition.forEach((name, index) => {
    tryTemplate(name, typeof value.ignition === 'string' ? ['ignition'] : ['ignition', index]);
  });
  for (const [key, name] of Object.entries(profile.generic)) tryTemplate(name, ['generic', key]);
  return faults;
}

function describeMissing(tree: CatalogTree, file: string): string {
  const located = tree.locate(file);
  switch (located.kind) {
    case 'outside':
      return `template ${file} is a link that leads out of the catalog`;
    case 'loop':
      return `template ${file} is a link that leads back to itself`;
    case 'missing': {
      const inside = file.replace(/^profiles\/profiles\//, '');
      const isDoubled = inside !== file && tree.read(`profiles/${inside}`) !== undefined;
      return `there is no template ${file}${isDoubled ? `: the folder is not part of its name; write "${inside}"` : ''}`;
    }
    case 'found':
      return located.entry.kind === 'unread'
        ? `template ${file} ${located.entry.reason}`
        : `template ${file} is a folder`;
  }
}
