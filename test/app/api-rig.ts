import { readFileSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { type App, startApp } from '../../src/app/app.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { formatEndpoint } from '../../src/protocol/endpoint.ts';
import { PARTS_WITHOUT_THREADS } from '../fakes/parts-without-threads.ts';

/** The fields of answers that tests look at; whether an answer has one is what they test. */
export interface AnswerBody {
  readonly [field: string]: unknown;
  readonly items: readonly unknown[];
  readonly next_cursor: string | null;
  readonly detail: string;
  readonly errors: readonly { readonly index: number; readonly id: string }[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly machines: number;
  readonly token: string;
}

/** An answer of the API. */
export interface ApiAnswer {
  readonly status: number;
  readonly etag: string;
  readonly body: AnswerBody;
}

/** The whole program on a folder, with its API. */
export class ApiRig {
  readonly app: App;
  readonly #origin: string;
  readonly #token: string;

  private constructor(app: App) {
    const { endpoint, tokenFile } = app.operator!;
    this.app = app;
    this.#origin = `http://${formatEndpoint(endpoint)}/api/v1`;
    this.#token = readFileSync(tokenFile, 'utf8').trim();
  }

  static async start(tree: string, settings: object = {}): Promise<ApiRig> {
    const app = await startApp({
      settings: settingsSchema.parse({
        catalog: { dir: tree, watch: false },
        http: { listen: ['127.0.0.1:0'] },
        operator: { listen: '127.0.0.1:0', socket: null },
        store: { file: path.join(tree, 'data/store.db') },
        ...settings,
      }),
      log: pino({ level: 'silent' }),
      parts: PARTS_WITHOUT_THREADS,
    });
    return new ApiRig(app);
  }

  get boot(): string {
    return `http://${formatEndpoint(this.app.http[0]!)}`;
  }

  async ask(
    method: string,
    place: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ApiAnswer> {
    const response = await fetch(`${this.#origin}${place}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      etag: response.headers.get('etag') ?? '',
      body: (isJson ? JSON.parse(text) : { text }) as AnswerBody,
    };
  }

  /** A token with a role, as a header. */
  async tokenFor(wanted: object): Promise<Record<string, string>> {
    const { body } = await this.ask('POST', '/tokens', wanted);
    return { authorization: `Bearer ${body.token}` };
  }
}
