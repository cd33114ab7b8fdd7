import {
  type BootDecision,
  type CatalogAnswer,
  decideBoot,
  stateOf,
  type UnmatchedPolicy,
} from '../provision/boot/decide-boot.ts';
import type { MacAddress } from '../protocol/mac-address.ts';
import { decideByLife, type LifeDecision, type LifecyclePolicy } from '../provision/boot/decide-by-life.ts';
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
  /** What is kept about the life of a machine, and the time; absent where no lives are known, as on the command line. */
  readonly lives?: {
    readonly find: (machineId: string) => Life | undefined;
    /** Milliseconds since 1970. */
    readonly nowMs: () => number;
  };
}

/** No profile requires that a machine is armed for it. */
const POLICY: LifecyclePolicy = {
  lifecycle: 'live',
  isProtected: false,
  armsAutomatically: false,
  unarmed: 'local',
  onFailure: 'hold',
};

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
    const life = this.#decideByLife(resolution);
    const decision = decideBoot({
      state: stateOf(identification),
      identification,
      labels: resolution.labels,
      catalog: catalogAnswer(generation, resolution),
      unmatched: this.#parts.unmatched,
      ...(life !== undefined && { life }),
    });
    return { decision, identification, resolution };
  }

  #decideByLife({ labels, machine }: Resolution): LifeDecision | undefined {
    const { lives } = this.#parts;
    const mac = labels.get('mac');
    const id = machine?.id ?? (mac === undefined ? undefined : discoveredMachineId(mac as MacAddress));
    const life = id === undefined ? undefined : lives?.find(id);
    return life && decideByLife(life, POLICY, lives?.nowMs() ?? 0);
  }
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
