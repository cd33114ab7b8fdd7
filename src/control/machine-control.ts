import { z } from 'zod';
import { type Advance, whyInvalid } from '../provision/machines/lifecycle/advance.ts';
import type { LifeEvent } from '../provision/machines/lifecycle/life-event.ts';
import type { JsonObject } from '../provision/json-value.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { NewAuditEntry } from '../store/audit-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { PagePosition } from '../api/list-form.ts';
import type { Permission } from '../api/permissions.ts';
import type {
  ActionView,
  MachineDetailView,
  MachineLifeView,
  MachineShownView,
} from '../api/schemas/machine.ts';
import { type Actor, originOf } from './actor.ts';
import { historyViewOf, type MachineHistory } from './machine-history-view.ts';
import { type MachineListParts, type MachinePageQuery, pageOfMachines } from './machine-list.ts';
import { viewOf } from './machine-view.ts';
import type { MachineSubject } from './machine-subject.ts';
import { refuseDelete } from './delete-rules.ts';
import type { Verb, VerbCall } from './verb.ts';
import { VERBS } from './verbs.ts';

/** A change of a machine that is to become durable as a whole. */
export interface ControlChange {
  readonly subject: MachineSubject;
  readonly event: LifeEvent;
  readonly by: string;
  readonly audit: NewAuditEntry;
  /** A record that is made with it. */
  readonly record?: Machine;
}

/** What the control of machines depends on. */
export interface MachineControlParts extends MachineListParts {
  /** A machine by its id, or a discovered one; undefined if there is none. */
  readonly find: (id: string) => Promise<MachineSubject | undefined>;
  /** What a machine has told of itself, by the id of the machine. */
  readonly history: (id: string) => Promise<MachineHistory>;
  /** Makes the change durable. `invalid` if the life has changed meanwhile and does not permit it any more. */
  readonly apply: (change: ControlChange) => Promise<Advance>;
  /** Deletes everything that is kept about the machine. */
  readonly remove: (subject: MachineSubject, by: string, audit: NewAuditEntry) => Promise<void>;
  /** Records what was refused. Never rejects. */
  readonly recordRefusal: (entry: NewAuditEntry) => Promise<void>;
  readonly now: () => Date;
  /** How long an arm lasts if nobody says otherwise, in milliseconds. */
  readonly armMs: number;
}

/** What became of a call. */
export type ControlOutcome =
  | { readonly kind: 'done'; readonly machine: MachineDetailView }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'not_found'; readonly reason: string }
  /** The parameters are wrong. */
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'denied'; readonly reason: string }
  /** Not possible now; the machine is unchanged. */
  | { readonly kind: 'refused'; readonly reason: string; readonly allowed: readonly string[] }
  | { readonly kind: 'not_stored'; readonly reason: string };

/** A call of a verb as it came in. */
export interface ControlRequest {
  readonly verb: string;
  readonly machineId: string;
  /** The verb's parameters, and `reason`. */
  readonly input: unknown;
  readonly actor: Actor;
}

/** What every call may have besides the parameters of its verb. */
const REASON = z.looseObject({ reason: z.string().max(1024).default('') });
const DELETE = 'delete';
const DELETE_PERMISSION: Permission = 'machines:manage';

/** Makes an audit entry of one call. */
type Note = (outcome: NewAuditEntry['outcome'], detail: JsonObject) => NewAuditEntry;

/**
 * What REST, the command line and other systems do with machines. Every call is checked in the same order: the machine,
 * the permission, the parameters, the state. What is done and what is refused is in the audit.
 */
export class MachineControl {
  readonly #parts: MachineControlParts;

  constructor(parts: MachineControlParts) {
    this.#parts = parts;
  }

  /** One page of a list of machines. */
  async list(query: MachinePageQuery): Promise<{
    readonly items: readonly MachineLifeView[];
    readonly next?: PagePosition;
  }> {
    const { next, subjects } = await pageOfMachines(this.#parts, query);
    return { items: subjects.map(viewOf), ...(next !== undefined && { next }) };
  }

  /** A machine with what can be done to it; undefined if there is none. */
  async detail(id: string): Promise<MachineDetailView | undefined> {
    const subject = await this.#parts.find(id);
    return subject && this.#detail(subject);
  }

  /** The same with what it has told of itself. */
  async show(id: string): Promise<MachineShownView | undefined> {
    const subject = await this.#parts.find(id);
    if (subject === undefined) return undefined;
    return { ...this.#detail(subject), ...historyViewOf(await this.#parts.history(subject.id)) };
  }

  /** Carries out a verb, or says why not. Never rejects for a reason that the caller can do something about. */
  async run({ actor, input, machineId, verb: name }: ControlRequest): Promise<ControlOutcome> {
    const subject = await this.#parts.find(machineId);
    if (subject === undefined) {
      return {
        kind: 'not_found',
        reason: `there is no machine ${machineId}; \`railhead machines list\` shows all`,
      };
    }
    if (name === DELETE) return this.#delete(subject, actor, input);
    const verb = VERBS.find((one) => one.name === name);
    if (verb === undefined) {
      const names = [...VERBS.map((one) => one.name), DELETE].join(', ');
      return { kind: 'not_found', reason: `there is no verb ${name}; there are ${names}` };
    }
    return this.#carryOut(verb, subject, actor, input);
  }

  async #carryOut(
    verb: Verb,
    subject: MachineSubject,
    actor: Actor,
    input: unknown,
  ): Promise<ControlOutcome> {
    const note = this.#auditOf(verb.name, subject, actor, input);
    if (!actor.permissions.has(verb.permission)) return this.#deny(note, actor, verb.name, verb.permission);
    const common = REASON.safeParse(input ?? {});
    if (!common.success) return { kind: 'invalid', reason: faultsOf(common.error) };
    const { reason, ...rest } = common.data;
    const parsed = verb.parameters.safeParse(rest);
    if (!parsed.success) return { kind: 'invalid', reason: faultsOf(parsed.error) };
    const call: VerbCall<object> = {
      parameters: parsed.data,
      reason,
      by: actor.name,
      nowMs: this.#parts.now().getTime(),
      armMs: this.#parts.armMs,
    };
    const unfit = verb.refuse?.(subject, call.parameters);
    // Before the state is looked at: the machine may use already what was asked for.
    if (unfit === undefined && verb.isDone?.(subject, call) === true) {
      return { kind: 'done', machine: this.#detail(subject) };
    }
    const refusal = whyInvalid(subject.life, verb.eventKind, call.nowMs) ?? unfit;
    if (refusal !== undefined) return this.#refuse(note, subject, refusal);
    const { event, record } = verb.effect(subject, call);
    const detail = { from: subject.life.state, ...verb.detail?.(call.parameters) };
    try {
      const advance = await this.#parts.apply({
        subject,
        event,
        by: actor.name,
        audit: note('done', detail),
        ...(record !== undefined && { record }),
      });
      if (advance.kind === 'invalid') return this.#refused(subject, advance.reason);
    } catch (error) {
      return notStored(error);
    }
    const after = (await this.#parts.find(subject.id)) ?? subject;
    return { kind: 'done', machine: this.#detail(after) };
  }

  async #delete(subject: MachineSubject, actor: Actor, input: unknown): Promise<ControlOutcome> {
    const note = this.#auditOf(DELETE, subject, actor, input);
    if (!actor.permissions.has(DELETE_PERMISSION)) return this.#deny(note, actor, DELETE, DELETE_PERMISSION);
    const refusal = refuseDelete(subject);
    if (refusal !== undefined) return this.#refuse(note, subject, refusal);
    try {
      await this.#parts.remove(subject, actor.name, note('done', { from: subject.life.state }));
    } catch (error) {
      return notStored(error);
    }
    return { kind: 'deleted' };
  }

  async #deny(note: Note, actor: Actor, verb: string, permission: Permission): Promise<ControlOutcome> {
    const reason = `${actor.name} may not ${verb} machines: this needs the permission ${permission}`;
    await this.#parts.recordRefusal(note('denied', { why: reason }));
    return { kind: 'denied', reason };
  }

  async #refuse(note: Note, subject: MachineSubject, reason: string): Promise<ControlOutcome> {
    await this.#parts.recordRefusal(note('refused', { why: reason }));
    return this.#refused(subject, reason);
  }

  #refused(subject: MachineSubject, reason: string): ControlOutcome {
    const allowed = Object.entries(this.#actions(subject)).filter(([, action]) => action.allowed);
    return { kind: 'refused', reason, allowed: allowed.map(([name]) => name) };
  }

  #detail(subject: MachineSubject): MachineDetailView {
    return { ...viewOf(subject), actions: this.#actions(subject) };
  }

  #actions(subject: MachineSubject): Record<string, ActionView> {
    const nowMs = this.#parts.now().getTime();
    const actions = VERBS.map((verb) => [verb.name, actionOf(whyNot(verb, subject, nowMs))] as const);
    return Object.fromEntries([...actions, [DELETE, actionOf(refuseDelete(subject))]]);
  }

  /** Makes audit entries of one call. */
  #auditOf(verb: string, { id }: MachineSubject, actor: Actor, input: unknown): Note {
    const reason = REASON.safeParse(input).data?.reason ?? '';
    return (outcome, detail) => ({
      at: this.#parts.now(),
      ...originOf(actor),
      verb,
      target: id,
      reason,
      outcome,
      detail,
    });
  }
}

/** Why a verb is not possible now, whatever its parameters are. */
function whyNot(verb: Verb, subject: MachineSubject, nowMs: number): string | undefined {
  return whyInvalid(subject.life, verb.eventKind, nowMs) ?? verb.refuse?.(subject);
}

function actionOf(refusal: string | undefined): ActionView {
  return refusal === undefined ? { allowed: true } : { allowed: false, reason: refusal };
}

function faultsOf(error: z.ZodError): string {
  return error.issues
    .map(({ message, path }) => [path.join('.'), message].filter(Boolean).join(': '))
    .join('; ');
}

/** A failure of the store is told to the caller; anything else is a bug of ours. */
function notStored(error: unknown): ControlOutcome {
  if (!(error instanceof StoreError)) throw error;
  return {
    kind: 'not_stored',
    reason: `nothing was changed, since it could not be stored: ${error.message}`,
  };
}
