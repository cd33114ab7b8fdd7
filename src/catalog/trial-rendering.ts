import type { Problem } from '../documents/problem.ts';
import type { Place } from '../documents/yaml-documents.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { ignitionUrl } from '../provision/rendering/machine-urls.ts';
import { needsArm } from '../provision/boot/decide-by-life.ts';
import { lifecyclePolicyOf } from '../provision/boot/lifecycle-policy.ts';
import { purposeProfileOf } from '../provision/boot/purpose-profile.ts';
import { TemplateError } from '../provision/rendering/template-error.ts';
import type { Group } from '../provision/selection/group.ts';
import { sampleLabels } from '../provision/selection/selector.ts';
import type { CatalogContent } from './catalog-content.ts';
import { templateProblem } from './compile-profiles.ts';
import type { ProfileRecord } from './compiled-profile.ts';
import type { Generation, MatchedResolution } from './generation.ts';
import { findUnreachableDhcpOptions } from './unreachable-dhcp-options.ts';

/** The origin of the server in trial renderings; nothing is sent there. */
const SAMPLE_ORIGIN = 'http://railhead.invalid:8080';
const SAMPLE_MAC = '52:54:00:00:00:01';
const SAMPLE_UUID = '5254d00d-0000-4000-8000-000000000001';

/** What the trial rendering has found. */
export interface Trial {
  readonly problems: readonly Problem[];
  /** Warnings of Butane and Ignition. */
  readonly warnings: readonly Problem[];
  /** Number of groups and machines that were not rendered because the time was over. */
  readonly untried: number;
  /** Files under assets/ that machines would load, as paths in a URL, with who names them first. */
  readonly assets: ReadonlyMap<string, AssetUse>;
}

/** Where a file under assets/ is named. */
export interface AssetUse {
  readonly place: Omit<Problem, 'message'>;
  /** The group whose machines load it. */
  readonly group: string;
}

interface Subject {
  readonly name: string;
  /** Whether its faults are warnings, since the machine needs it only when something has gone wrong. */
  readonly isReserve?: boolean;
  readonly resolution: MatchedResolution;
}

/**
 * Renders what groups and declared machines would be given, to find errors: a variable that one group does not set is
 * found here, and not only on a machine's console. `isOver` ends it early; the machines that differ most from the
 * others are rendered first.
 */
export function tryEverything(
  content: CatalogContent,
  generation: Generation,
  isOver: () => boolean = () => false,
  networks?: readonly string[],
): Trial {
  const run = new TrialRun(generation, content);
  const unreachable = findUnreachableDhcpOptions(content, networks);
  let untried = 0;
  for (const subject of run.subjects()) {
    if (isOver()) untried++;
    else run.tryOut(subject);
  }
  return { problems: [...run.problems, ...unreachable], warnings: run.warnings, untried, assets: run.assets };
}

class TrialRun {
  readonly assets = new Map<string, AssetUse>();
  readonly #generation: Generation;
  readonly #content: CatalogContent;
  readonly #problems = new Map<string, Problem>();
  readonly #warnings = new Map<string, Problem>();

  constructor(generation: Generation, content: CatalogContent) {
    this.#generation = generation;
    this.#content = content;
  }

  get problems(): Problem[] {
    return [...this.#problems.values()];
  }

  get warnings(): Problem[] {
    return [...this.#warnings.values()];
  }

  *subjects(): Generator<Subject> {
    for (const { group } of this.#content.groups) {
      const subject = this.#subjectOfGroup(group);
      if (subject !== undefined) yield subject;
    }
    for (const { group } of this.#content.groups) yield* this.#reservesOfGroup(group);
    // Machines that differ only in values rarely differ in what fails.
    const shapes = new Set<string>();
    const others: Machine[] = [];
    for (const machine of this.#content.machines) {
      const subject = this.#subjectOfMachine(machine);
      if (subject === undefined) continue;
      const shape = `${subject.resolution.match.group.id} ${shapeOf(machine)}`;
      if (shapes.has(shape)) {
        others.push(machine);
        continue;
      }
      shapes.add(shape);
      yield subject;
    }
    for (const machine of others) {
      const subject = this.#subjectOfMachine(machine);
      if (subject !== undefined) yield subject;
    }
  }

  tryOut({ isReserve = false, name, resolution }: Subject): void {
    // A machine's request carries the labels that select it, which its boot script repeats.
    const urls = this.#generation.urlParts(resolution.claimed, { origin: SAMPLE_ORIGIN });
    const [, rawQuery = ''] = ignitionUrl(urls).split('?');
    const context = { origin: SAMPLE_ORIGIN, rawQuery };
    const attempt = (render: () => void): void => {
      try {
        render();
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        const notes = isReserve ? this.#warnings : this.#problems;
        for (const fault of error.all()) noteOnce(notes, templateProblem(fault), name);
      }
    };
    attempt(() => {
      const boot = this.#generation.renderBoot(resolution, context);
      if (boot === undefined) return;
      this.#noteAsset(boot.kernel, resolution, ({ kernel }) => kernel);
      boot.initrd.forEach((file, index) => this.#noteAsset(file, resolution, ({ initrd }) => initrd[index]));
    });
    attempt(() => {
      const config = this.#generation.ignitionConfig(resolution, context);
      for (const warning of config?.warnings ?? []) noteOnce(this.#warnings, templateProblem(warning), name);
    });
    attempt(() => {
      for (const generic of resolution.match.compiled.generic.keys())
        this.#generation.genericConfig(resolution, generic, context);
    });
  }

  #subjectOfGroup(group: Group): Subject | undefined {
    const selection = sampleLabels(group.selector);
    if (selection === undefined) {
      // No labels can be derived from a regular expression, so its group is tried only with declared machines.
      const isOpen = [...group.selector.values()].flat().some(({ kind }) => kind === 'regex');
      const document = this.#content.places.get(group);
      if (!isOpen && document !== undefined && !this.#content.groupProblems.has(group)) {
        const message = `the selector of group ${group.id} has requirements that exclude each other, so that no machine gets it`;
        const problem = { file: document.file, ...document.placeOf(['selector']), message };
        this.#problems.set(`selector ${group.id}`, problem);
      }
    }
    const compiled = this.#generation.profiles.get(group.profile);
    const isBroken =
      this.#content.groupProblems.has(group) || this.#content.profileProblems.has(group.profile);
    if (compiled === undefined || isBroken) return undefined;
    const labels = new Map([['mac', SAMPLE_MAC], ['uuid', SAMPLE_UUID], ...(selection ?? [])]);
    return { name: `group ${group.id}`, resolution: { claimed: labels, labels, match: { group, compiled } } };
  }

  /** What machines of a group boot for rescue and reset, if they are armed for what they boot. */
  *#reservesOfGroup(group: Group): Generator<Subject> {
    const subject = this.#subjectOfGroup(group);
    if (subject === undefined) return;
    const { profile } = subject.resolution.match.compiled;
    const isArmed = needsArm(lifecyclePolicyOf({ profile, group }));
    for (const purpose of ['rescue', 'reset'] as const) {
      const id = purposeProfileOf(profile, purpose);
      if (id === undefined || (!isArmed && profile[purpose] === undefined)) continue;
      const { match, ...resolution } = this.#generation.withProfile(subject.resolution, id);
      if (match === undefined) continue;
      yield {
        name: `${subject.name} armed for ${purpose}`,
        isReserve: true,
        resolution: { ...resolution, match },
      };
    }
  }

  #subjectOfMachine(machine: Machine): Subject | undefined {
    const claimed = new Map<string, string>();
    const [mac] = machine.macs;
    if (mac !== undefined) claimed.set('mac', mac);
    if (machine.uuid !== undefined) claimed.set('uuid', machine.uuid);
    if (machine.serial !== undefined) claimed.set('serial', machine.serial);
    const { match, ...resolution } = this.#generation.resolve(claimed, {
      machine,
      card: 'listed',
      conflicts: [],
    });
    if (match === undefined) return undefined;
    return { name: `machine ${machine.id}`, resolution: { ...resolution, match } };
  }

  #noteAsset(
    rendered: string,
    { match }: MatchedResolution,
    placeIn: (places: ProfileRecord['places']) => Place | undefined,
  ): void {
    const path = rendered.startsWith(SAMPLE_ORIGIN) ? rendered.slice(SAMPLE_ORIGIN.length) : rendered;
    const asset = /^\/+assets\/([^?#]+)/.exec(path)?.[1];
    if (asset === undefined || this.assets.has(asset)) return;
    const record = this.#content.profiles.find(({ profile }) => profile.id === match.compiled.profile.id);
    if (record === undefined) return;
    const place = { file: record.file, ...placeIn(record.places) };
    this.assets.set(asset, { place, group: match.group.id });
  }
}

/** Records each problem once, however many machines it concerns. */
function noteOnce(notes: Map<string, Problem>, problem: Problem, subject: string): void {
  const key = `${problem.file}:${problem.line}:${problem.column}:${problem.message}`;
  if (!notes.has(key)) notes.set(key, { ...problem, message: `${problem.message} (for ${subject})` });
}

/** What a template can depend on, without values. */
function shapeOf({ metadata, labels, ...rest }: Machine): string {
  return [...Object.keys(rest), '', ...Object.keys(labels), '', ...Object.keys(metadata)].join(' ');
}
