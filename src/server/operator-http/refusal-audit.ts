import type { ErrorCode } from '../../api/error-table.ts';
import type { Actor } from '../../control/actor.ts';
import { KeyedBuckets } from '../../limits/token-bucket.ts';
import type { NewAuditEntry } from '../../store/audit-store.ts';
import type { ApiError } from './api-error.ts';

/** A request that was refused. */
export interface RefusedCall {
  /** Undefined if it is not known who sent it. */
  readonly actor: Actor | undefined;
  readonly address: string;
  readonly requestId: string;
  readonly method: string;
  /** With `/api/v1`. */
  readonly path: string;
  /** The operation of the table; undefined if there is none. */
  readonly operation: string | undefined;
  readonly error: ApiError;
}

/** What the audit of refusals depends on. */
export interface RefusalAuditParts {
  /** Never rejects. */
  readonly append: (entry: NewAuditEntry) => Promise<void>;
  readonly now: () => Date;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Errors that mean that somebody is not permitted to do something. */
const DENIED: ReadonlySet<ErrorCode> = new Set([
  'unauthorized',
  'forbidden',
  'csrf_token_required',
  'foreign_origin',
  'too_many_attempts',
]);
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Somebody who tries a hundred things is told of in the first ones; a flood must not push out the rest of the audit. */
const BURST = 60;
const PER_SECOND = 1 / 6;
const SOURCES_MAX = 10_000;

/** Records what was refused: every change that was not made, and whatever somebody was not permitted to see. */
export class RefusalAudit {
  readonly #parts: RefusalAuditParts;
  readonly #budget = new KeyedBuckets(PER_SECOND, BURST, SOURCES_MAX);

  constructor(parts: RefusalAuditParts) {
    this.#parts = parts;
  }

  /** Never throws. What a command has recorded itself is not recorded again. */
  readonly note = (call: RefusedCall): void => {
    const { actor, address, error, method, operation, path, requestId } = call;
    const isDenied = DENIED.has(error.code);
    if (error.isAudited || (SAFE_METHODS.has(method) && !(isDenied && actor !== undefined))) return;
    const name = actor?.name ?? 'unknown';
    if (!this.#budget.take(`${name} ${address}`, this.#parts.nowMs())) return;
    void this.#parts.append({
      at: this.#parts.now(),
      actor: name,
      verb: operation ?? method,
      target: targetOf(path),
      reason: '',
      outcome: isDenied ? 'denied' : 'refused',
      detail: { code: error.code, why: error.message.slice(0, 500) },
      ...(address !== '' && { address }),
      requestId,
    });
  };
}

/** `/api/v1/machines/node1/arm` is about `node1`, and `/api/v1/tokens/anna` about `token:anna`. */
function targetOf(path: string): string {
  const [collection = '', name] = path.split('/').slice(3);
  if (name === undefined) return collection.slice(0, 100);
  let decoded = name;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    // It stays as it was sent.
  }
  const text = collection === 'machines' ? decoded : `${collection.replace(/s$/, '')}:${decoded}`;
  return text.slice(0, 253);
}
