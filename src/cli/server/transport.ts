import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { userInfo } from 'node:os';
import type { ReceivedAnswer, SentRequest, Transport } from '../../api/client.ts';
import { USER_HEADER } from '../../server/control-socket/control-socket-server.ts';

/** How a command reaches a server: by the socket of this host, or by a URL with a token. */
export type ServerPlace =
  | { readonly kind: 'socket'; readonly file: string }
  | {
      readonly kind: 'url';
      readonly url: URL;
      readonly token: string;
      /** Certificates of authorities that are trusted besides the usual ones, in PEM. */
      readonly ca?: string | undefined;
    };

/** How long a server may take until it begins to answer, and between two pieces of an answer. */
const SILENCE_MS = 60_000;

/** A client's way to the server. Rejects with an Error that names the place and says what to do. */
export function transportTo(place: ServerPlace): Transport {
  return async (sent) => {
    const response = await sendTo(place, sent, SILENCE_MS);
    const text = await textOf(response, place);
    return answerOf(response, text, place);
  };
}

/** Sends a request, and resolves with an answer whose body is still to be read. `silenceMs` 0: it may take for ever. */
export function sendTo(
  place: ServerPlace,
  { body, headers, method, path }: SentRequest,
  silenceMs: number,
): Promise<IncomingMessage> {
  const options: RequestOptions & { ca?: string | undefined } = {
    method,
    headers: {
      ...headers,
      ...(place.kind === 'socket'
        ? { [USER_HEADER]: userInfo().username }
        : { authorization: `Bearer ${place.token}` }),
      // Node sends the body of a DELETE only if its length is given.
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    },
    timeout: silenceMs,
    ...(place.kind === 'socket'
      ? { socketPath: place.file, path }
      : {
          protocol: place.url.protocol,
          hostname: place.url.hostname.replace(/^\[(.*)\]$/, '$1'),
          port: place.url.port,
          path,
          ca: place.ca,
        }),
  };
  return new Promise((resolve, reject) => {
    const send = place.kind === 'url' && place.url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(options, resolve);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${silenceMs / 1000} s`)));
    request.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(place, error)));
    request.end(body);
  });
}

async function textOf(response: IncomingMessage, place: ServerPlace): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    throw unreachable(place, error as NodeJS.ErrnoException);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answerOf(response: IncomingMessage, text: string, place: ServerPlace): ReceivedAnswer {
  const { etag, 'content-type': type = '' } = response.headers;
  const status = response.statusCode ?? 0;
  if (!type.includes('json')) return { status, etag, body: text === '' ? undefined : text };
  try {
    return { status, etag, body: JSON.parse(text) as unknown };
  } catch {
    throw new Error(`${nameOf(place)} did not answer with JSON; is it Railhead?`);
  }
}

/** The place as messages name it. */
export function nameOf(place: ServerPlace): string {
  return place.kind === 'socket' ? place.file : place.url.origin;
}

function unreachable(place: ServerPlace, error: NodeJS.ErrnoException): Error {
  const reasons = place.kind === 'socket' ? SOCKET_REASONS : URL_REASONS;
  return new Error(`${nameOf(place)}: ${reasons[error.code ?? ''] ?? error.message}`, { cause: error });
}

const SOCKET_REASONS: Readonly<Record<string, string>> = {
  ENOENT:
    'there is no such socket: start the server, or name the socket with --socket or the settings of the server with --config',
  ECONNREFUSED: 'nobody answers: the server is not running',
  EACCES: 'permission denied: only the user of the service and root can open it',
};
const NEEDS_CA =
  'its certificate is not signed by an authority that is trusted here: name the authority with --ca-file';
const URL_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody answers: is the server running, and is this its operator.listen?',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name could not be looked up: DNS does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: NEEDS_CA,
  SELF_SIGNED_CERT_IN_CHAIN: NEEDS_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NEEDS_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NEEDS_CA,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  EPROTO: 'it does not speak TLS: write http:// instead of https://, or set operator.tls on the server',
};
