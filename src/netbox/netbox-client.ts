import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

/** What a client of NetBox depends on. */
export interface NetBoxParts {
  /** The address of NetBox, as `https://netbox.example.com`, with its path if it has one. */
  readonly url: URL;
  readonly token: string;
  /** Sends a request; that of Node.js, except in tests. */
  readonly send?: typeof fetch;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** How long to wait before another try, in milliseconds, if NetBox does not say. */
  readonly retryMs?: number;
}

/** NetBox cannot be used as it answers, or does not answer. The message names the request and says why. */
export class NetBoxError extends Error {
  override readonly name = 'NetBoxError';
}

const TIMEOUT_MS = 60_000;
const RETRY_MS = 2_000;
const TRIES = 4;
/** A wait longer than that is as good as no answer. */
const RETRY_MAX_MS = 60_000;
const PAGE = 500;
/** So many pages are a circle, or more devices than an inventory takes. */
const PAGES_MAX = 1_000;

const pageSchema = z.object({ next: z.string().nullable(), results: z.array(z.unknown()) });

/** The part of NetBox's REST API (4.x) that an inventory needs. */
export class NetBoxClient {
  readonly #parts: NetBoxParts;

  constructor(parts: NetBoxParts) {
    this.#parts = parts;
  }

  /** All objects of a list, as `dcim/devices/`, that fit a query. Rejects with NetBoxError. */
  async list<S extends z.ZodType>(
    path: string,
    query: Iterable<readonly [string, string]>,
    item: S,
  ): Promise<z.output<S>[]> {
    const first = this.#url(path);
    for (const [name, value] of [...query, ['limit', String(PAGE)]] as const)
      first.searchParams.append(name, value);
    const found: z.output<S>[] = [];
    let next: URL | undefined = first;
    for (let pages = 0; next !== undefined; pages++) {
      if (pages === PAGES_MAX)
        throw new NetBoxError(`${first.pathname}: there are more than ${PAGES_MAX} pages`);
      const page = pageSchema.safeParse(await this.#request('GET', next));
      if (!page.success) throw new NetBoxError(`${next.pathname}: the answer is not a list of NetBox`);
      for (const one of page.data.results) found.push(parse(one, item, next));
      next = page.data.next === null ? undefined : this.#following(page.data.next, next);
    }
    return found;
  }

  /** Changes some fields of an object. Rejects with NetBoxError. */
  async patch(path: string, fields: object): Promise<void> {
    await this.#request('PATCH', this.#url(path), fields);
  }

  #url(path: string): URL {
    const { url } = this.#parts;
    return new URL(`${url.pathname.replace(/\/$/, '')}/api/${path}`, url.origin);
  }

  /** The address of the next page. It must be of the same server, since the token is sent there. */
  #following(text: string, from: URL): URL {
    const next = URL.canParse(text) ? new URL(text) : undefined;
    if (next === undefined)
      throw new NetBoxError(`${from.pathname}: the address of the next page is not one`);
    // A NetBox behind a proxy that does TLS may name itself with http.
    const same = new URL(`${next.pathname}${next.search}`, this.#parts.url.origin);
    if (next.hostname !== this.#parts.url.hostname) {
      throw new NetBoxError(
        `${from.pathname}: the next page is on another server, ${next.host}; the token is not sent there`,
      );
    }
    return same;
  }

  async #request(method: 'GET' | 'PATCH', url: URL, body?: object): Promise<unknown> {
    const { retryMs = RETRY_MS } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(method, url, body);
      if (outcome.kind === 'answer') return outcome.body;
      if (!outcome.isPassing || attempt === TRIES) {
        throw new NetBoxError(`${method} ${url.pathname}: ${outcome.reason}`);
      }
      await wait(Math.min(outcome.retryAfterMs ?? retryMs * 2 ** (attempt - 1), RETRY_MAX_MS));
    }
  }

  async #attempt(method: string, url: URL, body: object | undefined): Promise<Outcome> {
    const { send = fetch, timeoutMs = TIMEOUT_MS, token } = this.#parts;
    let response: Response;
    let text: string;
    try {
      response = await send(url, {
        method,
        headers: {
          // Tokens of NetBox 4.5 have a prefix and another scheme.
          authorization: token.startsWith('nbt_') ? `Bearer ${token}` : `Token ${token}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // A redirect would take the token to another place.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      text = await response.text();
    } catch (error) {
      const { cause, message, name } = error as Error;
      if (name === 'TimeoutError')
        return { kind: 'failed', isPassing: true, reason: `no answer within ${timeoutMs / 1000} s` };
      return { kind: 'failed', isPassing: true, reason: cause instanceof Error ? cause.message : message };
    }
    if (response.ok) return answerOf(text);
    const { status } = response;
    const reason = REASONS[status] ?? `the status is ${status}: ${text.slice(0, 200)}`;
    const isPassing = status === 429 || status >= 500;
    const seconds = Number(response.headers.get('retry-after') ?? NaN);
    return {
      kind: 'failed',
      isPassing,
      reason,
      ...(Number.isFinite(seconds) && { retryAfterMs: Math.max(0, seconds) * 1000 }),
    };
  }
}

type Outcome =
  | { readonly kind: 'answer'; readonly body: unknown }
  | {
      readonly kind: 'failed';
      readonly isPassing: boolean;
      readonly reason: string;
      readonly retryAfterMs?: number;
    };

const REASONS: Readonly<Record<number, string>> = {
  401: 'NetBox does not know the token',
  403: 'the token may not read this, or write it; or NetBox does not know it',
  404: 'NetBox has no such path; is this the address of a NetBox?',
};

function answerOf(text: string): Outcome {
  try {
    return { kind: 'answer', body: JSON.parse(text) as unknown };
  } catch {
    return {
      kind: 'failed',
      isPassing: false,
      reason: 'the answer is not JSON; is this the address of a NetBox?',
    };
  }
}

function parse<S extends z.ZodType>(value: unknown, schema: S, url: URL): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { id } = value as { id?: unknown };
  throw new NetBoxError(
    `${url.pathname}: object ${String(id)} is not as expected: ${z.prettifyError(parsed.error)}`,
  );
}
