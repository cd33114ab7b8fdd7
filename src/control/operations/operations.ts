import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { OperationState } from '../../api/schemas/operation.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import type { NewAuditEntry } from '../../store/audit-store.ts';
import type { OperationStore } from '../../store/operation-store.ts';
import { StoreError } from '../../store/store-error.ts';
import { type Actor, originOf } from '../actor.ts';
import { countsOf, type Operation, type OperationMachine } from './operation.ts';

/** What is known of one machine before it is its turn. */
export interface OperationVerdict {
  /** Changes whenever the machine does. */
  readonly tag: string;
  /** Why it is not possible; undefined if it is. */
  readonly refusal: string | undefined;
}

/** What operations depend on. */
export interface OperationsParts {
  readonly store: OperationStore;
  /** Undefined if there is no such machine. */
  readonly verdictOf: (
    machineId: string,
    verb: string,
    parameters: JsonObject,
  ) => Promise<OperationVerdict | undefined>;
  /** Does it to one machine; why not, if that is not possible. */
  readonly carryOut: (machineId: string, operation: Operation, by: Actor) => Promise<string | undefined>;
  readonly log: Logger;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Yields to the event loop. */
  readonly pause: () => Promise<unknown>;
}

/** What somebody wants to do to many machines. */
export interface OperationRequest {
  readonly verb: string;
  readonly parameters: JsonObject;
  readonly reason: string;
  /** In the order in which it is done. */
  readonly ids: readonly string[];
  readonly actor: Actor;
}

/** How an operation is carried out. */
export interface OperationTerms {
  readonly digest: string;
  /** Machines at a time. */
  readonly concurrency: number;
  /** After so many failures the rest is left. */
  readonly maxFailures: number;
  readonly actor: Actor;
}

export type StartOutcome =
  | { readonly kind: 'started'; readonly operation: Operation }
  | { readonly kind: 'not_found' }
  /** It was started before. */
  | { readonly kind: 'not_previewed'; readonly state: OperationState }
  /** The machines are not as they were; the operation has a new preview now. */
  | { readonly kind: 'changed'; readonly operation: Operation };

/** Operations that are remembered. */
const KEPT_MAX = 200;
/** Machines whose verdict is found before the event loop gets its turn. */
const AT_ONCE = 100;
/** How often the progress of a running operation is stored. */
const STORE_EVERY_MS = 2_000;

interface Running {
  readonly cancel: () => void;
  readonly finished: Promise<void>;
}

/**
 * Things that are done to many machines: first a preview with a verdict for each, and then, if nothing has changed since,
 * one after the other. What is done to a machine is what its verb does, with its own transition and audit entry.
 */
export class Operations {
  readonly #parts: OperationsParts;
  /** The newest first. */
  readonly #operations: Operation[] = [];
  readonly #running = new Map<string, Running>();

  private constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  /** Reads the operations. One that ran when the process ended is `interrupted`. */
  static async load(parts: OperationsParts): Promise<Operations> {
    const operations = new Operations(parts);
    for (const { record } of await parts.store.loadOperations()) {
      const operation = record as unknown as Operation;
      const state = operation.state === 'running' ? 'interrupted' : operation.state;
      operations.#operations.push({ ...operation, state });
      if (state !== operation.state) await operations.#store({ ...operation, state });
    }
    return operations;
  }

  list(): readonly Operation[] {
    return this.#operations;
  }

  find(id: string): Operation | undefined {
    return this.#operations.find((one) => one.id === id);
  }

  /** Finds out what would be done. Rejects with StoreError if the preview could not be stored. */
  async preview({ actor, ids, parameters, reason, verb }: OperationRequest): Promise<Operation> {
    const { machines, digest } = await this.#judge(ids, verb, parameters);
    const now = this.#parts.now();
    const operation: Operation = {
      id: this.#parts.newId(),
      verb,
      parameters,
      reason,
      createdAtMs: now.getTime(),
      createdBy: actor.name,
      state: 'previewed',
      digest,
      machines,
    };
    await this.#store(operation);
    this.#operations.unshift(operation);
    for (const old of this.#operations.splice(KEPT_MAX)) this.#running.get(old.id)?.cancel();
    await this.#parts.store.trimOperations(KEPT_MAX);
    return operation;
  }

  /** Starts an operation as it was previewed. Rejects with StoreError if that could not be stored. */
  async start(id: string, terms: OperationTerms): Promise<StartOutcome> {
    const previewed = this.find(id);
    if (previewed === undefined) return { kind: 'not_found' };
    if (previewed.state !== 'previewed') return { kind: 'not_previewed', state: previewed.state };
    const { parameters, verb } = previewed;
    const { machines, digest } = await this.#judge(
      previewed.machines.map((machine) => machine.id),
      verb,
      parameters,
    );
    // Somebody else may have started it meanwhile.
    const present = this.find(id);
    if (present?.state !== 'previewed') {
      return present === undefined ? { kind: 'not_found' } : { kind: 'not_previewed', state: present.state };
    }
    if (digest !== terms.digest) {
      const renewed = { ...present, digest, machines };
      this.#replace(renewed);
      await this.#store(renewed);
      return { kind: 'changed', operation: renewed };
    }
    const started: Operation = {
      ...present,
      machines,
      state: 'running',
      startedAtMs: this.#parts.now().getTime(),
      startedBy: terms.actor.name,
    };
    this.#replace(started);
    try {
      await this.#store(started, this.#note(started, 'start_operation', terms.actor));
    } catch (error) {
      this.#replace(present);
      throw error;
    }
    this.#run(started, terms);
    return { kind: 'started', operation: started };
  }

  /** Stops an operation after the machines that are being dealt with. Undefined if there is none of this id. */
  async cancel(id: string, actor: Actor): Promise<Operation | undefined> {
    const running = this.#running.get(id);
    const operation = this.find(id);
    if (operation === undefined) return undefined;
    if (running !== undefined) {
      running.cancel();
      await this.#store(operation, this.#note(operation, 'cancel_operation', actor));
      await running.finished;
    } else if (operation.state === 'previewed') {
      const cancelled: Operation = {
        ...operation,
        state: 'cancelled',
        finishedAtMs: this.#parts.now().getTime(),
      };
      this.#replace(cancelled);
      await this.#store(cancelled, this.#note(cancelled, 'cancel_operation', actor));
    }
    return this.find(id);
  }

  /** Stops all operations; those that run are `interrupted`. */
  async close(): Promise<void> {
    for (const { cancel } of this.#running.values()) cancel();
    await Promise.all([...this.#running.values()].map(({ finished }) => finished));
  }

  async #judge(
    ids: readonly string[],
    verb: string,
    parameters: JsonObject,
  ): Promise<{ machines: OperationMachine[]; digest: string }> {
    const hash = createHash('sha256');
    const machines: OperationMachine[] = [];
    for (const [index, id] of ids.entries()) {
      if (index % AT_ONCE === AT_ONCE - 1) await this.#parts.pause();
      const verdict = await this.#parts.verdictOf(id, verb, parameters);
      const refusal = verdict === undefined ? 'there is no such machine any more' : verdict.refusal;
      hash.update(JSON.stringify([id, verdict?.tag, refusal]));
      machines.push({ id, ...(refusal !== undefined && { refusal }) });
    }
    return { machines, digest: hash.digest('base64url').slice(0, 22) };
  }

  #run(started: Operation, { actor, concurrency, maxFailures }: OperationTerms): void {
    let isCancelled = false;
    let failed = 0;
    let next = 0;
    const machines = [...started.machines];
    const progress = (state: OperationState): Operation => ({ ...started, state, machines: [...machines] });
    const worker = async (): Promise<void> => {
      while (!isCancelled && failed < maxFailures) {
        const index = next++;
        const machine = machines[index];
        if (machine === undefined) return;
        if (machine.refusal !== undefined) continue;
        const message = await this.#carryOut(machine.id, started, actor);
        machines[index] =
          message === undefined ? { ...machine, result: 'done' } : { ...machine, result: 'failed', message };
        if (message !== undefined) failed++;
        this.#replace(progress('running'));
      }
    };
    const storing = setInterval(() => void this.#storeQuietly(progress('running')), STORE_EVERY_MS).unref();
    const finished = Promise.all(Array.from({ length: concurrency }, worker)).then(async () => {
      clearInterval(storing);
      const isComplete = machines.every(
        ({ refusal, result }) => refusal !== undefined || result !== undefined,
      );
      const state: OperationState = isComplete ? 'done' : isCancelled ? 'cancelled' : 'stopped';
      const ended: Operation = { ...progress(state), finishedAtMs: this.#parts.now().getTime() };
      this.#running.delete(started.id);
      this.#replace(ended);
      await this.#storeQuietly(ended, this.#note(ended, 'finish_operation', actor));
    });
    this.#running.set(started.id, { cancel: () => (isCancelled = true), finished });
  }

  /** Why it failed; undefined if it did not. */
  async #carryOut(id: string, operation: Operation, by: Actor): Promise<string | undefined> {
    try {
      return await this.#parts.carryOut(id, operation, by);
    } catch (error) {
      this.#parts.log.error(
        { err: error, machine: id, operation: operation.id },
        'a machine of an operation failed',
      );
      return 'internal error; see the log of the server';
    }
  }

  #replace(operation: Operation): void {
    const place = this.#operations.findIndex(({ id }) => id === operation.id);
    if (place >= 0) this.#operations[place] = operation;
  }

  #store(operation: Operation, audit?: NewAuditEntry): Promise<void> {
    const { createdAtMs, id } = operation;
    const record = operation as unknown as JsonObject;
    return this.#parts.store.putOperation({ id, createdAt: new Date(createdAtMs), record }, audit);
  }

  /** What was done to machines is durable by itself; this is the summary of it. */
  async #storeQuietly(operation: Operation, audit?: NewAuditEntry): Promise<void> {
    try {
      await this.#store(operation, audit);
    } catch (error) {
      if (!(error instanceof StoreError)) {
        this.#parts.log.error(
          { err: error, operation: operation.id },
          'the progress of an operation could not be stored',
        );
      }
    }
  }

  #note(operation: Operation, verb: string, actor: Actor): NewAuditEntry {
    const { id, reason, verb: what } = operation;
    return {
      at: this.#parts.now(),
      ...originOf(actor),
      verb,
      target: `operation:${id}`,
      reason,
      outcome: 'done',
      detail: { verb: what, ...countsOf(operation) },
    };
  }
}
