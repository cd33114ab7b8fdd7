import { formatProblem, type Problem } from '../documents/problem.ts';
import type { GroupIndex, SelectionExplanation } from '../provision/selection/group-index.ts';
import type { Group } from '../provision/selection/group.ts';
import { profileGrubConfig } from '../provision/rendering/grub-config.ts';
import { checkBootLine, profileIpxeScript, type RenderedBoot } from '../provision/rendering/ipxe-script.ts';
import type { Identification } from '../provision/machines/identification.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { type Labels, labelsFor } from '../provision/selection/labels.ts';
import type { MachineUrlParts } from '../provision/rendering/machine-urls.ts';
import { metadataEnv } from '../provision/rendering/metadata-env.ts';
import type { IgnitionCompiler, IgnitionConfig } from '../provision/rendering/render-ignition.ts';
import type { RenderedSource } from '../provision/rendering/rendered-source.ts';
import { TemplateError } from '../provision/rendering/template-error.ts';
import {
  metadataVariables,
  type RenderContext,
  type RenderSubject,
  requestVariables,
  templateVariables,
} from '../provision/rendering/template-variables.ts';
import type { TemplateVariables } from '../provision/rendering/template.ts';
import type { CompiledProfile } from './compiled-profile.ts';

/** The sender of a request, and what the catalog has for it. */
export interface Resolution {
  /** The labels that the machine sends. */
  readonly claimed: Labels;
  /** The labels that the machine sends, overridden by those of the inventory. */
  readonly labels: Labels;
  readonly machine?: Machine;
  /** The group that selects the machine, whether or not it can be used. */
  readonly group?: Group;
  /** Why the machine has to wait: what is wrong with its record, its group or its profile, and where. */
  readonly problem?: string;
  /** Absent when no group selects the machine, or there is a problem. */
  readonly match?: { readonly group: Group; readonly compiled: CompiledProfile };
}

/** The result of looking up the group for some labels. */
export type Selection =
  | { readonly kind: 'none' }
  | { readonly kind: 'match'; readonly group: Group; readonly compiled: CompiledProfile }
  /** A group selects the machine, but the group or its profile cannot be used. */
  | { readonly kind: 'problem'; readonly group: Group; readonly problem: string };

/** A resolution that has a group. */
export type MatchedResolution = Resolution & { readonly match: NonNullable<Resolution['match']> };

/** The parts of a generation. */
export interface GenerationParts {
  readonly id: string;
  readonly loadedAt: Date;
  readonly profiles: ReadonlyMap<string, CompiledProfile>;
  /** Why a profile cannot be used, by its id. */
  readonly profileProblems: ReadonlyMap<string, Problem>;
  readonly groupIndex: GroupIndex;
  readonly groupProblems: ReadonlyMap<Group, Problem>;
  /** Why the record of a machine cannot be used, by its id. */
  readonly machineProblems: ReadonlyMap<string, Problem>;
  readonly ignitionCompiler: IgnitionCompiler;
}

/**
 * All profiles, groups and templates at one moment: validated, compiled, immutable. Requests are answered from it
 * without reading a file.
 */
export class Generation {
  /** A hash of all files: the same content has the same id. */
  readonly id: string;
  readonly loadedAt: Date;
  readonly profiles: ReadonlyMap<string, CompiledProfile>;
  /** The labels that any group selects by. */
  readonly selectorLabels: ReadonlySet<string>;
  /** Whether any profile says `protect: session`. */
  readonly protectsAny: boolean;
  readonly #parts: GenerationParts;

  constructor(parts: GenerationParts) {
    this.id = parts.id;
    this.loadedAt = parts.loadedAt;
    this.profiles = parts.profiles;
    this.selectorLabels = parts.groupIndex.labels;
    this.protectsAny = [...parts.profiles.values()].some(({ profile }) => profile.protect === 'session');
    this.#parts = parts;
  }

  /** All groups, in their order of precedence. */
  get groups(): readonly Group[] {
    return this.#parts.groupIndex.groups;
  }

  /** The group and profile that labels select, or why these cannot be used. */
  select(labels: Labels): Selection {
    const group = this.#parts.groupIndex.select(labels);
    if (group === undefined) return { kind: 'none' };
    const { groupProblems, profileProblems } = this.#parts;
    const problem = groupProblems.get(group) ?? profileProblems.get(group.profile);
    if (problem !== undefined) return { kind: 'problem', group, problem: formatProblem(problem) };
    const compiled = this.profiles.get(group.profile);
    if (compiled === undefined) {
      const message = `group ${group.id} names profile "${group.profile}", which does not exist`;
      return { kind: 'problem', group, problem: message };
    }
    return { kind: 'match', group, compiled };
  }

  /**
   * The same machine with another profile, as its rescue system: group, record, labels and metadata stay. With
   * `problem` in place of `match` if that profile is missing or faulty.
   */
  withProfile({ match, ...resolution }: MatchedResolution, id: string): Resolution {
    const problem = this.#parts.profileProblems.get(id);
    if (problem !== undefined) return { ...resolution, problem: formatProblem(problem) };
    const compiled = this.profiles.get(id);
    if (compiled === undefined) return { ...resolution, problem: `there is no profile "${id}"` };
    return { ...resolution, match: { group: match.group, compiled } };
  }

  /** Why the machines of a group wait; undefined if they do not. */
  problemOfGroup(group: Group): string | undefined {
    const { groupProblems, profileProblems } = this.#parts;
    const problem = groupProblems.get(group) ?? profileProblems.get(group.profile);
    if (problem !== undefined) return formatProblem(problem);
    return this.profiles.has(group.profile) ? undefined : `there is no profile "${group.profile}"`;
  }

  /** Why a profile cannot be used; undefined if it can. */
  problemOfProfile(id: string): string | undefined {
    const problem = this.#parts.profileProblems.get(id);
    return problem && formatProblem(problem);
  }

  /** Why the record of a machine cannot be used for booting; its identifiers and its address are still used. */
  problemOfMachine(id: string): string | undefined {
    const problem = this.#parts.machineProblems.get(id);
    return problem && formatProblem(problem);
  }

  /** What the catalog has for the sender of a request with the labels `claimed`. */
  resolve(claimed: Labels, identification: Identification): Resolution {
    const { machine } = identification;
    const labels = labelsFor(claimed, identification);
    const selection = this.select(labels);
    const problem =
      (machine && this.problemOfMachine(machine.id)) ??
      (selection.kind === 'problem' ? selection.problem : undefined);
    return {
      claimed,
      labels,
      ...(machine !== undefined && { machine }),
      ...(selection.kind !== 'none' && { group: selection.group }),
      ...(problem !== undefined && { problem }),
      ...(problem === undefined &&
        selection.kind === 'match' && { match: { group: selection.group, compiled: selection.compiled } }),
    };
  }

  /** The choice of group, with the reason why each other group was not chosen. */
  explain(labels: Labels): SelectionExplanation {
    return this.#parts.groupIndex.explain(labels);
  }

  /** The iPXE script; undefined when the profile boots nothing. Throws TemplateError. */
  ipxeScript(resolution: MatchedResolution, context: RenderContext): string | undefined {
    const boot = this.renderBoot(resolution, context);
    return boot && profileIpxeScript(boot);
  }

  /** The GRUB configuration; undefined when the profile boots nothing. Throws TemplateError. */
  grubConfig(resolution: MatchedResolution, context: RenderContext): string | undefined {
    const boot = this.renderBoot(resolution, context);
    return boot && profileGrubConfig(boot);
  }

  /** The Ignition config; undefined when the profile has none. Throws TemplateError. */
  ignitionConfig(resolution: MatchedResolution, context: RenderContext): IgnitionConfig | undefined {
    if (resolution.match.compiled.profile.ignition.length === 0) return undefined;
    const sources = this.ignitionSources(resolution, context);
    // No token is kept, and nobody else is sent a config with the same one.
    const isKept = context.tokens === undefined;
    return this.#parts.ignitionCompiler.compile(sources, { isKept });
  }

  /** The sources of the Ignition config: the text of each template, whatever its language. Throws TemplateError. */
  ignitionSources(resolution: MatchedResolution, context: RenderContext): RenderedSource[] {
    const variables = this.#variables(resolution, context);
    const faults: TemplateError[] = [];
    const sources = resolution.match.compiled.ignition.flatMap((template) => {
      try {
        return [{ name: template.name, template: template.source, text: template.render(variables) }];
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        faults.push(error);
        return [];
      }
    });
    const [first, ...further] = faults;
    if (first !== undefined) throw first.with(further);
    return sources;
  }

  /**
   * A generic template by its name, which may be omitted if the profile has only one; undefined if there is none.
   * Throws TemplateError.
   */
  genericConfig(
    resolution: MatchedResolution,
    name: string | undefined,
    context: RenderContext,
  ): string | undefined {
    const { generic } = resolution.match.compiled;
    const template =
      name !== undefined ? generic.get(name) : generic.size === 1 ? [...generic.values()][0] : undefined;
    return template?.render(this.#variables(resolution, context));
  }

  /** Metadata as an environment file. */
  metadata(resolution: MatchedResolution, context: RenderContext): string {
    return metadataEnv({
      ...metadataVariables(this.#subject(resolution, context)),
      request: requestVariables(resolution.labels, context),
    });
  }

  /** What the URLs of a machine that sends `labels` are made of. */
  urlParts(
    labels: Labels,
    { origin, tokens = {} }: Pick<RenderContext, 'origin' | 'tokens'>,
  ): MachineUrlParts {
    return { origin, labels, selectorLabels: this.selectorLabels, tokens };
  }

  /** What the machine loads, rendered; undefined when the profile boots nothing. Throws TemplateError. */
  renderBoot(resolution: MatchedResolution, context: RenderContext): RenderedBoot | undefined {
    const { boot, profile } = resolution.match.compiled;
    if (boot === undefined) return undefined;
    const variables = this.#variables(resolution, context);
    const line = (
      field: string,
      template: { name: string; render(variables: TemplateVariables): string },
    ): string => checkBootLine(template.name, field, template.render(variables));
    const kernel = line('kernel', boot.kernel);
    if (kernel === '')
      throw new TemplateError(boot.kernel.name, `the kernel of profile ${profile.id} renders to nothing`);
    // A template omits an argument by rendering it to nothing.
    return {
      kernel,
      initrd: boot.initrd.map((template) => line('initrd', template)).filter((text) => text !== ''),
      args: boot.args.map((template) => line('args', template)).filter((text) => text !== ''),
    };
  }

  #variables(resolution: MatchedResolution, context: RenderContext): TemplateVariables {
    return templateVariables(this.#subject(resolution, context), context);
  }

  #subject(resolution: MatchedResolution, context: RenderContext): RenderSubject {
    return {
      labels: resolution.labels,
      machine: resolution.machine,
      group: resolution.match.group,
      profile: resolution.match.compiled.profile,
      urls: () => this.urlParts(resolution.claimed, context),
    };
  }
}
