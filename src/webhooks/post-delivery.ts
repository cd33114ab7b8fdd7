import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** A request to send. */
export interface DeliveryRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The result of a request, with the time that the receiver asks to wait (Retry-After), if it does. */
export type PostOutcome =
  | { readonly kind: 'delivered' }
  /** Send it again: there was no answer in time, or the status says that the receiver cannot accept it now. */
  | { readonly kind: 'failed'; readonly reason: string; readonly waitMs?: number }
  /** The receiver refused it, and would refuse it again. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Only the status of an answer is used. After a body that is longer than this the connection is closed. */
const ANSWER_BYTES_MAX = 64 * 1024;
const MS_PER_SECOND = 1000;
/** Request Timeout, Too Early, Too Many Requests: the same request may succeed later. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** Sends the requests of one destination, one after the other, over a persistent connection. */
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

  /** Sends one request within the time limit. Follows no redirect. Never rejects. */
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
        // The status is valid even if the rest of the answer does not arrive.
        response.on('error', () => settle(judged));
        response.on('close', () => settle(judged));
      });
      request.end(body);
    });
    // Node refuses to start the request, for example because of its URL.
    return outcome.catch((error: unknown) => ({ kind: 'failed', reason: describe(error as Error) }));
  }

  /** Ends the request that is being sent, and the connection. */
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
  // If a name has several addresses and all of them failed, Node's message is empty.
  if (error.message === '') return code;
  return code === '' || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
