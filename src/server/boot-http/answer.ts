import type { BootEventKind } from '../../provision/history/boot-event.ts';
import type { JsonObject } from '../../provision/json-value.ts';

/** A complete answer of the boot plane, before it is written to a socket. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The event to record in the machine's history. */
  readonly event?: { readonly kind: BootEventKind; readonly summary: string; readonly detail: JsonObject };
  /** The reason, for the log; the body of an error tells the machine the same. */
  readonly reason?: string;
}

const TEXT = 'text/plain; charset=utf-8';

/** A success with a text body. */
export function text(body: string, event?: Answer['event']): Answer {
  return { status: 200, type: TEXT, body, ...(event !== undefined && { event }) };
}

/** A refusal: one line with the reason, without secrets. */
export function refuse(status: number, reason: string, headers?: Readonly<Record<string, string>>): Answer {
  return { status, type: TEXT, body: `${reason}\n`, reason, ...(headers !== undefined && { headers }) };
}

/** An answer for what is not ready yet: iPXE waits and asks again by itself, and Ignition retries for ever. */
export function notYet(reason: string, retrySeconds: number): Answer {
  return refuse(503, reason, { 'Retry-After': String(retrySeconds) });
}
