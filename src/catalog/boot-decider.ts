import {
  type BootDecision,
  type CatalogAnswer,
  decideBoot,
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
import { discoveredMachineId } from '../provision/machines/machine.ts';
import type { Life } from '../provision/machines/lifecycle/life.ts';
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
    const policy = lifecyclePolicyOf(
      resolution.match && { group: resolution.match.group, profile: resolution.match.compiled.profile },
    );
    const subject = lifeSubjectOf(resolution);
    const life = this.#decideByLife(subject, policy);
    const decision = decideBoot({
      state: stateOf(identification),
      identification,
      labels: resolution.labels,
      catalog: catalogAnswer(generation, resolution),
      unmatched: this.#parts.unmatched,
      ...(life !== undefined && { life }),
    });
    return { decision, identification, resolution, policy, ...(subject !== undefined && { subject }) };
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

function lifeSubjectOf({ labels, machine }: Resolution): LifeSubject | undefined {
  if (machine !== undefined) return { machineId: machine.id, declared: true };
  const mac = labels.get('mac');
  return mac === undefined
    ? undefined
    : { machineId: discoveredMachineId(mac as MacAddress), declared: false };
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
