import type { Problem } from '../documents/problem.ts';
import type { YamlDocument } from '../documents/yaml-documents.ts';
import { findEqualSelectors } from '../provision/selection/group-index.ts';
import { readProgramsByArchitecture } from '../provision/boot/boot-programs.ts';
import type { Group } from '../provision/selection/group.ts';
import { readSelector } from '../provision/selection/read-selector.ts';
import { collectFaults, type Compilation } from './compilation.ts';
import type { CompiledProfiles } from './compile-profiles.ts';
import type { BrokenDocument, GoodDocument } from './document-folder.ts';
import { type GroupDocument, groupDocument, groupSelection } from './document-schemas.ts';
import { readDhcpOptions, readDhcpSending } from './read-dhcp-options.ts';
import { reviewDhcpOptions } from './review-dhcp-options.ts';

/** The groups of a tree. */
export interface CompiledGroups {
  readonly groups: readonly Group[];
  readonly problems: ReadonlyMap<Group, Problem>;
  readonly places: ReadonlyMap<Group, YamlDocument>;
}

/**
 * Reads the groups of a tree. The machines of a broken group must not be selected by another group, which may
 * reinstall them: so they are selected by the group's last good version, or by what can be read of its selector, and
 * wait.
 */
export function compileGroups(compilation: Compilation, profiles: CompiledProfiles): CompiledGroups {
  return new GroupCompilation(compilation, profiles).run();
}

class GroupCompilation {
  readonly #compilation: Compilation;
  readonly #profiles: CompiledProfiles;
  readonly #groups: Group[] = [];
  readonly #problems = new Map<Group, Problem>();
  readonly #places = new Map<Group, YamlDocument>();
  readonly #unchanged = new Set<Group>();
  /** Ids of groups that exist already, broken or not. */
  readonly #ids = new Set<string>();

  constructor(compilation: Compilation, profiles: CompiledProfiles) {
    this.#compilation = compilation;
    this.#profiles = profiles;
  }

  run(): CompiledGroups {
    const { reader, tree } = this.#compilation;
    const reading = reader.readFolder(tree, 'groups', groupDocument);
    this.#compilation.note(reading.problems, reading.broken);
    for (const { value } of reading.good) this.#ids.add(value.id);
    for (const { good, isUnchanged, problem } of this.#compilation.settle(reading.good)) {
      const group = this.#readGood(good, problem);
      if (group !== undefined && isUnchanged) this.#unchanged.add(group);
    }
    this.#standIn(reading.broken);
    this.#settleEqualSelectors();
    return { groups: this.#groups, problems: this.#problems, places: this.#places };
  }

  #readGood(
    { document, value }: GoodDocument<GroupDocument>,
    contested: Problem | undefined,
  ): Group | undefined {
    const known = this.#compilation.groups.get(document);
    const { faults, report } = collectFaults(document);
    const group = known ?? readGroup(value, report);
    if (faults.length === 0) this.#compilation.groups.set(document, group);
    reviewDhcpOptions(value, group.dhcpOptions, this.#compilation.warn(document));
    const isSelectorWrong = collectFaultsOfSelector(document, value, faults.length);
    const fault = this.#compilation.noteFaults(document.file, faults);
    if (fault !== undefined && isSelectorWrong) {
      // The readable part of the selector could select machines of other groups.
      this.#standInFor(value.id, fault);
      return undefined;
    }
    this.#add(group, contested ?? fault ?? this.#profileProblem(document, group));
    this.#places.set(group, document);
    return group;
  }

  #profileProblem(document: YamlDocument, { profile }: Group): Problem | undefined {
    const problem = this.#profiles.problems.get(profile);
    if (problem !== undefined || this.#profiles.records.has(profile)) return problem;
    const missing = {
      file: document.file,
      ...document.placeOf(['profile']),
      message: `there is no profile "${profile}"`,
    };
    // The profile may be added later: the group itself is valid.
    this.#compilation.problems.push(missing);
    return missing;
  }

  #standIn(broken: readonly BrokenDocument[]): void {
    const { kept } = this.#compilation;
    for (const { file, id, problem, value } of broken) {
      const ids = id === undefined ? (kept.groups.idsByFile.get(file) ?? []) : [id];
      for (const lost of ids) if (!this.#ids.has(lost)) this.#standInFor(lost, problem, value);
    }
  }

  /** Replaces a group that cannot be used by one whose machines wait. */
  #standInFor(id: string, problem: Problem, value?: unknown): void {
    const kept = this.#compilation.kept.groups.byId.get(id);
    const selection = groupSelection.safeParse(value);
    const found = kept?.value ?? (selection.success ? { ...EMPTY_GROUP, ...selection.data } : undefined);
    if (found === undefined) return;
    let isWhole = true;
    const group = readGroup(found, () => (isWhole = false));
    if (!isWhole) return;
    this.#ids.add(id);
    if (kept !== undefined) this.#compilation.noteStandIn('groups', kept.value);
    this.#add(group, problem);
  }

  #add(group: Group, problem: Problem | undefined): void {
    this.#groups.push(group);
    if (problem !== undefined) this.#problems.set(group, problem);
  }

  /** Of groups that differ only in their ids, the unchanged one is used. */
  #settleEqualSelectors(): void {
    for (const same of findEqualSelectors(this.#groups)) {
      const first = same.find((group) => this.#unchanged.has(group)) ?? same[0];
      for (const group of same) {
        const document = this.#places.get(group);
        if (first === undefined || group === first || document === undefined) continue;
        const message = `group ${group.id} selects the same machines as group ${first.id} with the same priority: give one of them another priority or selector`;
        const problem = { file: document.file, ...document.placeOf(['selector']), message };
        this.#compilation.noteFaults(document.file, [problem]);
        if (this.#unchanged.has(first)) this.#groups.splice(this.#groups.indexOf(group), 1);
        else for (const one of same) if (!this.#problems.has(one)) this.#problems.set(one, problem);
      }
    }
  }
}

/** The values of an unusable group, besides its id, selector and priority. */
const EMPTY_GROUP = {
  profile: '',
  metadata: {},
  dhcp_options: [],
  dhcp_force: [],
  dhcp_suppress: [],
  boot_programs: {},
};

function readGroup(value: GroupDocument, report: Parameters<typeof readSelector>[1]): Group {
  const sending = readDhcpSending(value, report);
  const bootPrograms = readProgramsByArchitecture(value.boot_programs, (key, message) =>
    report(['boot_programs', key], message),
  );
  return {
    id: value.id,
    ...(value.name !== undefined && { name: value.name }),
    profile: value.profile,
    priority: value.priority,
    selector: readSelector(value.selector, report),
    metadata: value.metadata,
    dhcpOptions: readDhcpOptions(value.dhcp_options, report),
    ...(sending !== undefined && { dhcpSending: sending }),
    ...(bootPrograms.size > 0 && { bootPrograms }),
    ...(value.arm !== undefined && { arm: value.arm }),
  };
}

function collectFaultsOfSelector(document: YamlDocument, value: GroupDocument, faults: number): boolean {
  if (faults === 0) return false;
  const selector = collectFaults(document);
  readSelector(value.selector, selector.report);
  return selector.faults.length > 0;
}
