import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** A request to be made. */
export interface DeliveryRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What became of a request. A receiver that says how long to wait is waited for. */
export type PostOutcome =
  | { readonly kind: 'delivered' }
  /** To be tried again: nobody answered in time, or the receiver says that it cannot take it now. */
  | { readonly kind: 'failed'; readonly reason: string; readonly waitMs?: number }
  /** The receiver does not want it, and will not the next time either. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Of an answer nothing but its status matters; what is longer than this costs the connection. */
const ANSWER_BYTES_MAX = 64 * 1024;
const MS_PER_SECOND = 1000;
/** Request Timeout, Too Early, Too Many Requests: the same request may be right later. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** Makes the requests of one destination, one after the other on a connection that is kept. */
export class DeliveryPoster {
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #timeoutMs: number;

  /** `ca` are the certificates of authorities to trust instead of the system's, as PEM. */
  constructor(url: URL, timeoutMs: number, ca?: string) {
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent =
      url.protocol === 'https:'
        ? new HttpsAgent({ ...options, ...(ca !== undefined && { ca }) })
        : new HttpAgent(options);
    this.#timeoutMs = timeoutMs;
  }

  /** Makes one request within the time limit. Follows no redirect. Never rejects. */
  post({ body, headers, url }: DeliveryRequest): Promise<PostOutcome> {
    const make = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outcome = new Promise<PostOutcome>((resolve) => {
      const request = make(url, {
        method: 'POST',
        agent: this.#agent,
        headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
      });
      // From the look-up of the name to the end of the answer.
      const timer = setTimeout(
        () => request.destroy(new Error(`no complete answer within ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      );
      const settle = (outcome: PostOutcome): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      request.on('error', (error) => settle({ kind: 'failed', reason: describe(error) }));
      request.on('response', (response) => {
        const judged = judge(response);
        let left = ANSWER_BYTES_MAX;
        response.on('data', (part: Buffer) => {
          left -= part.length;
          if (left < 0) request.destroy();
        });
        // The status stands, also where the rest of the answer does not come.
        response.on('error', () => settle(judged));
        response.on('close', () => settle(judged));
      });
      request.end(body);
    });
    // What Node will not even begin.
    return outcome.catch((error: unknown) => ({ kind: 'failed', reason: describe(error as Error) }));
  }

  /** Ends the request that is under way, and the connection. */
  close(): void {
    this.#agent.destroy();
  }
}

function judge({ headers, statusCode = 0 }: IncomingMessage): PostOutcome {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered' };
  const reason = `the receiver answered ${statusCode}`;
  if (statusCode < 500 && !RETRIED_STATUSES.has(statusCode)) {
    const redirected = statusCode >= 300 && statusCode < 400;
    return { kind: 'refused', reason: redirected ? `${reason}, and redirects are not followed` : reason };
  }
  const seconds = Number(headers['retry-after']);
  return Number.isInteger(seconds) && seconds > 0
    ? { kind: 'failed', reason, waitMs: seconds * MS_PER_SECOND }
    : { kind: 'failed', reason };
}

function describe(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  // Where a name has several addresses, all of which failed, Node's message is empty.
  if (error.message === '') return code;
  return code === '' || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
