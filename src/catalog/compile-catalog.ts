import type { z } from 'zod';
import type { ButaneFiles } from '../butane/butane-files.ts';
import type { Problem, ReportProblem } from '../documents/problem.ts';
import { readYamlDocuments, schemaProblems, type YamlDocument } from '../documents/yaml-documents.ts';
import { GroupIndex } from '../provision/selection/group-index.ts';
import type { Group } from '../provision/selection/group.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { IgnitionCompiler } from '../provision/rendering/render-ignition.ts';
import { type CatalogFiles, hashCatalogFiles } from './catalog-files.ts';
import type { CompiledProfile } from './compiled-profile.ts';
import { type GroupDocument, groupDocument, machineDocument, profileDocument } from './document-schemas.ts';
import { Generation } from './generation.ts';
import { MachineReader } from './machine-reader.ts';
import { ProfileCompiler } from './profile-compiler.ts';
import { readDhcpOptions } from './read-dhcp-options.ts';
import { readSelector } from './read-selector.ts';

/** A generation, or what stands in its way. */
export type CompiledCatalog =
  | {
      readonly kind: 'generation';
      readonly generation: Generation;
      /** What machines/ declares; whoever keeps the machines takes it over. */
      readonly machines: readonly Machine[];
      readonly places: DefinitionPlaces;
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** Where things are defined, for problems that show only later. */
export type DefinitionPlaces = ReadonlyMap<Group | Machine, { document: YamlDocument }>;

/** Compiles the files of a catalog. All problems are found at once; with any of them there is no generation. */
export function compileCatalog(
  files: CatalogFiles,
  loadedAt: Date,
  butaneFiles?: ButaneFiles,
): CompiledCatalog {
  const compilation = new CatalogCompilation(files);
  const profiles = compilation.compileProfiles();
  const groups = compilation.compileGroups();
  const machines = compilation.compileMachines();
  compilation.checkGroups(groups);
  if (compilation.problems.length > 0) return { kind: 'invalid', problems: compilation.problems };
  const generation = new Generation({
    id: hashCatalogFiles(files),
    loadedAt,
    profiles,
    groups,
    ignitionCompiler: new IgnitionCompiler(butaneFiles),
  });
  return { kind: 'generation', generation, machines, places: compilation.places };
}

class CatalogCompilation {
  readonly problems: Problem[] = [];
  readonly places = new Map<Group | Machine, { document: YamlDocument }>();
  readonly #files: CatalogFiles;
  readonly #profileIds = new Set<string>();

  constructor(files: CatalogFiles) {
    this.#files = files;
  }

  compileProfiles(): Map<string, CompiledProfile> {
    const compiler = new ProfileCompiler(this.#files, this.problems);
    const profiles = new Map<string, CompiledProfile>();
    for (const { document, value } of this.#readAll('profiles', profileDocument)) {
      this.#profileIds.add(value.id);
      profiles.set(value.id, compiler.compile(document, value));
    }
    return profiles;
  }

  compileGroups(): Group[] {
    return this.#readAll('groups', groupDocument).map(({ document, value }) => {
      const group = this.#readGroup(document, value);
      this.places.set(group, { document });
      return group;
    });
  }

  compileMachines(): Machine[] {
    const reader = new MachineReader();
    return this.#readAll('machines', machineDocument).map(({ document, value }) => {
      const machine = reader.read(value, this.#reporterOf(document));
      this.places.set(machine, { document });
      return machine;
    });
  }

  /** Groups of which only the name would decide. */
  checkGroups(groups: readonly Group[]): void {
    for (const [first, ...rest] of new GroupIndex(groups).findEqualSelectors()) {
      for (const group of rest) {
        const document = this.places.get(group)?.document;
        if (document === undefined || first === undefined) continue;
        this.#reporterOf(document)(
          ['selector'],
          `group ${group.id} selects the same machines as group ${first.id} with the same priority: give one of them another priority or selector`,
        );
      }
    }
  }

  /** All documents of a folder that fit the schema, each id once. */
  #readAll<S extends z.ZodType<{ id: string }>>(
    folder: string,
    schema: S,
  ): { document: YamlDocument; value: z.output<S> }[] {
    const read: { document: YamlDocument; value: z.output<S> }[] = [];
    const seen = new Map<string, string>();
    for (const [file, bytes] of this.#files) {
      if (!file.startsWith(`${folder}/`) || !/\.(ya?ml|json)$/.test(file)) continue;
      const { documents, problems } = readYamlDocuments(file, bytes);
      this.problems.push(...problems);
      // A profile in a file that cannot be read is still meant to exist: one mistake should be one problem.
      if (folder === 'profiles' && problems.length > 0) {
        for (const [, id] of bytes.toString('utf8').matchAll(/^id:\s*["']?([\w.-]+)/gm))
          this.#profileIds.add(id ?? '');
      }
      for (const document of documents) {
        const parsed = schema.safeParse(document.value);
        if (!parsed.success) {
          this.problems.push(...schemaProblems(document, parsed.error));
          // What was meant by a broken profile still exists, so that its groups are not reported as well.
          const id: unknown = (document.value as { id?: unknown } | null)?.id;
          if (folder === 'profiles' && typeof id === 'string') this.#profileIds.add(id);
          continue;
        }
        const value = parsed.data;
        const other = seen.get(value.id);
        if (other !== undefined) {
          this.#reporterOf(document)(['id'], `id ${value.id} is already taken in ${other}`);
          continue;
        }
        seen.set(value.id, file);
        read.push({ document, value });
      }
    }
    return read;
  }

  #readGroup(document: YamlDocument, value: GroupDocument): Group {
    const report = this.#reporterOf(document);
    if (!this.#profileIds.has(value.profile)) {
      report(['profile'], `there is no profile "${value.profile}"`);
    }
    return {
      id: value.id,
      ...(value.name !== undefined && { name: value.name }),
      profile: value.profile,
      priority: value.priority,
      selector: readSelector(value.selector, report),
      metadata: value.metadata,
      dhcpOptions: readDhcpOptions(value.dhcp_options, report),
    };
  }

  #reporterOf(document: YamlDocument): ReportProblem {
    return (path, message) => {
      this.problems.push({ file: document.file, ...document.placeOf(path), message });
    };
  }
}
