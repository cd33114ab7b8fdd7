import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { BootEvent } from './boot-event.ts';
import { type BootPhase, laterPhase, phaseOf } from './boot-phase.ts';
import { type BootDiagnosis, diagnoseBoot } from './boot-timeline.ts';

/** When a phase was first reached, and what happened then. */
export interface BootStep {
  readonly phase: BootPhase;
  readonly at: Date;
  readonly summary: string;
}

/** One boot of one machine as a whole: how far it got, and if it got no further, why. */
export interface BootSessionSummary {
  readonly id: string;
  readonly machineId?: string;
  readonly mac?: MacAddress;
  readonly address?: Ipv4Address;
  readonly startedAt: Date;
  readonly lastAt: Date;
  /** The latest phase; absent while nothing was a step. */
  readonly phase?: BootPhase;
  readonly steps: readonly BootStep[];
  readonly diagnosis: BootDiagnosis;
}

/** Events of one session that the diagnosis is made of; it looks at the latest ones. */
const EVENTS_MAX = 40;

/** One boot as it goes on. Holds a limited number of its events. */
export class SessionProgress {
  readonly #id: string;
  #events: BootEvent[] = [];
  #startedAt: Date | undefined;
  #phase: BootPhase | undefined;
  #steps: BootStep[] = [];
  #known: Pick<BootSessionSummary, 'machineId' | 'mac' | 'address'> = {};

  constructor(id: string) {
    this.#id = id;
  }

  /** The latest phase so far; undefined while nothing was a step. */
  get phase(): BootPhase | undefined {
    return this.#phase;
  }

  /** The phases that were reached, in the order in which they were. */
  get steps(): readonly BootStep[] {
    return this.#steps;
  }

  /** Takes the next event of this session. */
  add(event: BootEvent): void {
    this.#startedAt ??= event.at;
    this.#events.push(event);
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
    const { address, mac, machineId } = event;
    this.#known = {
      ...this.#known,
      ...(machineId !== undefined && { machineId }),
      ...(mac !== undefined && { mac }),
      ...(address !== undefined && { address }),
    };
    const phase = phaseOf(event, this.#phase);
    if (phase === undefined) return;
    this.#phase = laterPhase(this.#phase, phase);
    if (this.#steps.some((step) => step.phase === phase)) return;
    this.#steps = [...this.#steps, { phase, at: event.at, summary: event.summary }];
  }

  /** The session so far. Undefined before the first event. */
  summary(now: Date): BootSessionSummary | undefined {
    const last = this.#events.at(-1);
    if (last === undefined || this.#startedAt === undefined) return undefined;
    return {
      id: this.#id,
      ...this.#known,
      startedAt: this.#startedAt,
      lastAt: last.at,
      ...(this.#phase !== undefined && { phase: this.#phase }),
      steps: this.#steps,
      diagnosis: diagnoseBoot(this.#events, now),
    };
  }
}
