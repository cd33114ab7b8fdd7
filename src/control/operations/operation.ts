import type { OperationState } from '../../api/schemas/operation.ts';
import type { JsonObject } from '../../provision/json-value.ts';

/** One machine of an operation. */
export interface OperationMachine {
  readonly id: string;
  /** Why it is not possible for this machine; absent if it is. */
  readonly refusal?: string;
  /** What became of it; absent until it was its turn. */
  readonly result?: 'done' | 'failed';
  /** Why it failed. */
  readonly message?: string;
}

/** Something that is done to many machines. A value, which every step replaces. */
export interface Operation {
  readonly id: string;
  /** One of the verbs, `delete`, or `patch`. */
  readonly verb: string;
  readonly parameters: JsonObject;
  readonly reason: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly state: OperationState;
  /** Of the machines, their states and what is possible: it changes if any of them does. */
  readonly digest: string;
  readonly machines: readonly OperationMachine[];
  readonly startedAtMs?: number;
  readonly startedBy?: string;
  readonly finishedAtMs?: number;
}

/** How many machines are in which case. */
export interface OperationCounts {
  readonly machines: number;
  /** For which it is possible. */
  readonly possible: number;
  readonly done: number;
  readonly failed: number;
}

export function countsOf({ machines }: Operation): OperationCounts {
  let [possible, done, failed] = [0, 0, 0];
  for (const { refusal, result } of machines) {
    if (refusal === undefined) possible++;
    if (result === 'done') done++;
    if (result === 'failed') failed++;
  }
  return { machines: machines.length, possible, done, failed };
}
