import { request } from 'node:http';
import { userInfo } from 'node:os';
import type { Transport } from '../api/client.ts';
import { USER_HEADER } from '../server/control-socket/control-socket-server.ts';

/** An answer of the running server. */
export interface ControlAnswer {
  readonly status: number;
  /** The parsed body; undefined if there is none. */
  readonly body: unknown;
}

/** How a client of the API reaches the running server through its socket. */
export function socketTransport(socket: string): Transport {
  return ({ body, method, path }) =>
    askServer(socket, method, path, body === undefined ? undefined : (JSON.parse(body) as object));
}

/** Sends a request to the running server's socket. Rejects with an Error that names the socket and says what to do. */
export function askServer(
  socket: string,
  method: string,
  path: string,
  input?: object,
): Promise<ControlAnswer> {
  const body = input === undefined ? undefined : JSON.stringify(input);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath: socket,
        method,
        path,
        headers: {
          [USER_HEADER]: userInfo().username,
          // Node sends the body of a DELETE only if its length is given.
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => reject(error));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          try {
            resolve({
              status: response.statusCode ?? 0,
              body: text === '' ? undefined : (JSON.parse(text) as unknown),
            });
          } catch {
            reject(new Error(`${socket} did not answer with JSON; is it the socket of Railhead?`));
          }
        });
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(`${socket}: ${REASONS[error.code ?? ''] ?? error.message}`, { cause: error }));
    });
    sent.end(body);
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT:
    'there is no such socket: start the server, or name the socket with --socket or the settings of the server with --config',
  ECONNREFUSED: 'nobody answers: the server is not running',
  EACCES: 'permission denied: only the user of the service and root can open it',
};
