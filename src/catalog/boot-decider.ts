import {
  type BootDecision,
  type CatalogAnswer,
  decideBoot,
  type PurposeFault,
  stateOf,
  type UnmatchedPolicy,
} from '../provision/boot/decide-boot.ts';
import type { MacAddress } from '../protocol/mac-address.ts';
import {
  decideByLife,
  decideWithoutLife,
  type LifeDecision,
  type LifecyclePolicy,
  needsArm,
} from '../provision/boot/decide-by-life.ts';
import { lifecyclePolicyOf } from '../provision/boot/lifecycle-policy.ts';
import { purposeProfileOf } from '../provision/boot/purpose-profile.ts';
import { discoveredMachineId } from '../provision/machines/machine.ts';
import type { ArmPurpose, Life } from '../provision/machines/lifecycle/life.ts';
import type { Identification } from '../provision/machines/identification.ts';
import { type Labels, labelsFor } from '../provision/selection/labels.ts';
import type { Generation, MatchedResolution, Resolution } from './generation.ts';

/** A decision, and what it is based on. */
export interface MachineDecision {
  readonly decision: BootDecision<RenderableMatch>;
  readonly identification: Identification;
  readonly resolution: Resolution;
  /** What profile and group say about the machine's lifecycle. */
  readonly policy: LifecyclePolicy;
  /** The machine whose life it is; undefined for a machine without a record that sends no MAC address. */
  readonly subject?: LifeSubject;
}

/** A machine that can have a life. */
export interface LifeSubject {
  readonly machineId: string;
  /** Whether a file, an inventory or an approval declares it. */
  readonly declared: boolean;
}

/** What is rendered for a machine that boots, and from which generation. */
export interface RenderableMatch {
  readonly generation: Generation;
  readonly resolution: MatchedResolution;
}

/** What decisions are based on. */
export interface BootDeciderParts {
  /** The generation that serves; undefined while there is none. */
  readonly generation: () => Generation | undefined;
  readonly unmatched: UnmatchedPolicy;
  /** The lives of machines, and the time; absent where no lives are known, as on the command line. */
  readonly lives?: {
    /** Makes the life go on that a machine had before it was declared, by one of its network cards. */
    readonly inherit: (machineId: string, cards: readonly MacAddress[]) => unknown;
    /** What is kept about the life of a machine; undefined if nothing has happened to it yet. */
    readonly find: (machineId: string) => Life | undefined;
    /** The same, with a new life for a machine that nothing has happened to. */
    readonly of: (machineId: string, declared: boolean) => Life;
    /** Milliseconds since 1970. */
    readonly nowMs: () => number;
  };
}

const NO_LABELS: ReadonlySet<string> = new Set();

/** Decides what machines boot, with the generation that serves at that moment. All protocols ask it. */
export class BootDecider {
  readonly #parts: BootDeciderParts;

  constructor(parts: BootDeciderParts) {
    this.#parts = parts;
  }

  /** The labels that groups select by. */
  get selectorLabels(): ReadonlySet<string> {
    return this.#parts.generation()?.selectorLabels ?? NO_LABELS;
  }

  /** Decides for the sender of a request with the labels `claimed`. */
  decide(claimed: Labels, identification: Identification): MachineDecision {
    const generation = this.#parts.generation();
    const resolution = generation?.resolve(claimed, identification) ?? {
      claimed,
      labels: labelsFor(claimed, identification),
      ...(identification.machine !== undefined && { machine: identification.machine }),
    };
    const policy = policyFor(generation, resolution, identification);
    const subject = lifeSubjectOf(resolution);
    this.#inherit(resolution);
    const life = this.#decideByLife(subject, policy);
    const purpose = life?.kind === 'boot' ? life.purpose : undefined;
    const decision = decideBoot({
      state: stateOf(identification),
      identification,
      labels: resolution.labels,
      catalog: answerFor(generation, resolution, purpose),
      unmatched: this.#parts.unmatched,
      isInstalled: subject !== undefined && this.#isInstalled(subject),
      ...(life !== undefined && { life }),
    });
    return { decision, identification, resolution, policy, ...(subject !== undefined && { subject }) };
  }

  /**
   * What the catalog has for the sender of a request in a boot for a purpose, whatever its life permits: for the
   * configs of a boot that has begun, and to find out whether a machine can be armed for the purpose. With the purpose
   * `rescue` or `reset` that is another profile for the same group, record and metadata.
   */
  resolveFor(
    claimed: Labels,
    identification: Identification,
    purpose: ArmPurpose | undefined,
  ): CatalogAnswer<RenderableMatch> | PurposeFault {
    const generation = this.#parts.generation();
    if (generation === undefined) return { kind: 'not_ready' };
    return answerFor(generation, generation.resolve(claimed, identification), purpose);
  }

  /** A machine that was known by a network card of its record is not a new one. */
  #inherit({ claimed, machine }: Resolution): void {
    if (machine === undefined) return;
    const { id, macs } = machine;
    const claimedMac = claimed.get('mac') as MacAddress | undefined;
    // Only the record says for sure which cards a machine has; one that is recognised by its UUID names its own.
    const cards = macs.length > 0 || claimedMac === undefined ? macs : [claimedMac];
    this.#parts.lives?.inherit(id, cards);
  }

  #isInstalled({ machineId }: LifeSubject): boolean {
    return this.#parts.lives?.find(machineId)?.state === 'installed';
  }

  #decideByLife(subject: LifeSubject | undefined, policy: LifecyclePolicy): LifeDecision | undefined {
    const { lives } = this.#parts;
    if (lives === undefined) return undefined;
    if (subject === undefined) return decideWithoutLife(policy);
    const { declared, machineId } = subject;
    // Most machines have no life, since nothing that they do needs one.
    const life = needsArm(policy) ? lives.of(machineId, declared) : lives.find(machineId);
    return life && decideByLife(life, policy, lives.nowMs());
  }
}

/**
 * What profile and group say about the machine's lifecycle. A machine with a record is protected if the profile is that
 * it gets by its record alone, too: else anybody could name another group by a label, and get the machine's metadata
 * from a profile without protection.
 */
function policyFor(
  generation: Generation | undefined,
  { claimed, match }: Resolution,
  identification: Identification,
): LifecyclePolicy {
  const policy = policyOf(match);
  if (policy.isProtected || generation?.protectsAny !== true || identification.machine === undefined) {
    return policy;
  }
  const identity = new Map([...claimed].filter(([name]) => IDENTITY_LABELS.has(name)));
  const own = policyOf(generation.resolve(identity, identification).match);
  return own.isProtected ? { ...policy, isProtected: true } : policy;
}

const IDENTITY_LABELS: ReadonlySet<string> = new Set(['mac', 'uuid', 'serial']);

function policyOf(match: Resolution['match']): LifecyclePolicy {
  return lifecyclePolicyOf(match && { group: match.group, profile: match.compiled.profile });
}

function lifeSubjectOf({ labels, machine }: Resolution): LifeSubject | undefined {
  if (machine !== undefined) return { machineId: machine.id, declared: true };
  const mac = labels.get('mac');
  return mac === undefined
    ? undefined
    : { machineId: discoveredMachineId(mac as MacAddress), declared: false };
}

/** What the catalog has for a machine that boots for a purpose. */
function answerFor(
  generation: Generation | undefined,
  resolution: Resolution,
  purpose: ArmPurpose | undefined,
): CatalogAnswer<RenderableMatch> | PurposeFault {
  const answer = catalogAnswer(generation, resolution);
  if (answer.kind !== 'match') return answer;
  const { generation: served, resolution: own } = answer.match;
  const { profile } = own.match.compiled;
  const id = purposeProfileOf(profile, purpose);
  if (id === undefined || purpose === undefined) return answer;
  const { match, problem = `profile ${id} has no \`boot\`` } = served.withProfile(own, id);
  if (match?.compiled.profile.boot !== undefined) {
    return { kind: 'match', match: { generation: served, resolution: { ...own, match } } };
  }
  const hint = `write or correct it, or name another one with \`${purpose}: PROFILE\``;
  return {
    kind: 'no_profile',
    reason: `profile ${profile.id} has nothing to boot for ${purpose}: ${problem}; ${hint}`,
  };
}

function catalogAnswer(
  generation: Generation | undefined,
  resolution: Resolution,
): CatalogAnswer<RenderableMatch> {
  if (generation === undefined) return { kind: 'not_ready' };
  const { match, problem } = resolution;
  if (problem !== undefined) return { kind: 'problem', reason: problem };
  if (match === undefined) return { kind: 'none' };
  return { kind: 'match', match: { generation, resolution: { ...resolution, match } } };
}
