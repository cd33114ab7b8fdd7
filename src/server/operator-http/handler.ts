import type { Response } from 'express';
import type { AnswerBodyOf, BodyOf, ParamsOf, QueryOf, Route } from '../../api/route.ts';
import type { Actor } from '../../control/actor.ts';

/** What a handler may need of a request besides its parameters. */
export interface CallContext {
  /** As the answer, the log and the audit name it. */
  readonly requestId: string;
  /** The entity tags of If-Match without `W/`; `*` for any; undefined without the header. */
  readonly ifMatch?: readonly string[] | '*';
  /** Where the request came from; empty over the Unix socket. */
  readonly address: string;
  /** Whether the connection is TLS. */
  readonly isEncrypted: boolean;
  /** The Accept header. */
  readonly accept: string;
  /** Aborts when the client has closed the connection. */
  readonly signal: AbortSignal;
  /** The Last-Event-ID header of event streams. */
  readonly lastEventId?: string;
}

/** A request whose parts are valid, from somebody who may make it. */
export interface Call<R extends Route> {
  readonly params: ParamsOf<R>;
  readonly query: QueryOf<R>;
  readonly body: BodyOf<R>;
  readonly actor: Actor;
  readonly context: CallContext;
}

/** Headers of an answer besides those that every answer has. */
interface AnswerHead {
  /** Weak entity tag, without `W/` and quotes. */
  readonly etag?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that the handler sends itself, piece by piece. */
export interface StreamedAnswer {
  readonly stream: (response: Response) => Promise<void>;
}

/** What a handler answers with: one of the answers of its route. */
export type Answer<R extends Route> =
  | {
      [S in keyof R['answers'] & number]: AnswerHead & {
        readonly status: S;
        readonly body: AnswerBodyOf<R['answers'][S]>;
      };
    }[keyof R['answers'] & number]
  | StreamedAnswer;

/** Carries out the requests of one route. Throws ApiError for an error of the table. */
export type Handler<R extends Route> = (call: Call<R>) => Answer<R> | Promise<Answer<R>>;

/** The handlers of some routes, by operation. */
export type Handlers<T extends Readonly<Record<string, Route>>> = {
  readonly [K in keyof T]: Handler<T[K]>;
};
