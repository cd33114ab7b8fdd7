import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionLimits } from './connection-limits.ts';

/** Answers one request, and ends `response` or destroys it. */
export type AnswerRequest = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Requests of all connections that may wait for their turn; with what Node keeps of it, each takes some 10 KiB of memory.
 * Clients that boot never send a request before the previous one is answered.
 */
const WAITING_MAX = 5_000;
/** The same for one connection, which is closed beyond that. No client that boots sends even two at once. */
const WAITING_PER_CONNECTION_MAX = 100;
/** Requests of one connection that are answered before other connections get their turn. */
const IN_A_ROW_MAX = 8;

/** The state of a connection that has sent a request. */
interface Connection {
  answering: boolean;
  /** Requests that were begun since other connections had their turn. */
  inARow: number;
  readonly waiting: [request: IncomingMessage, response: ServerResponse][];
}

/**
 * Answers the requests of each connection one after the other, as they came (RFC 9112 section 9.3.2). Node starts all
 * requests that a client sends at once, although only one answer at a time can leave: a thousand downloads on a
 * connection that is not read would each hold a file and memory, and Node tells the answers that wait nothing of the
 * connection's end. Here a request that waits has nothing open, and no more is read from its connection meanwhile.
 * Node itself answers some requests (417 to an unknown Expect, 400 without a Host), which come by here never; a response
 * has its socket only when these have left, too.
 */
export class RequestTurns {
  readonly #answer: AnswerRequest;
  readonly #waitingMax: number;
  readonly #limits: ConnectionLimits | undefined;
  readonly #connections = new WeakMap<Socket, Connection>();
  #waiting = 0;

  /** `waitingMax` limits the waiting requests of all connections; `connections` is told which are idle. */
  constructor(
    answer: AnswerRequest,
    {
      connections,
      waitingMax = WAITING_MAX,
    }: { readonly connections?: ConnectionLimits; readonly waitingMax?: number } = {},
  ) {
    this.#answer = answer;
    this.#waitingMax = waitingMax;
    this.#limits = connections;
  }

  /** Requests of all connections that wait for their turn. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Answers a request when the earlier ones of its connection are answered. */
  readonly take: AnswerRequest = (request, response) => {
    const { socket } = request;
    // Node continues to parse requests that arrived before the connection was closed.
    if (socket.destroyed) return;
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      connection = this.#follow(socket);
    }
    const isItsTurn = !connection.answering && response.socket !== null && connection.inARow < IN_A_ROW_MAX;
    if (!isItsTurn) this.#wait(connection, socket, request, response);
    else this.#start(connection, socket, request, response);
  };

  #follow(socket: Socket): Connection {
    const connection: Connection = { answering: false, inARow: 0, waiting: [] };
    this.#connections.set(socket, connection);
    // Node resumes a connection at the end of each request and of each answer.
    socket.on('resume', () => {
      if (connection.waiting.length > 0) socket.pause();
    });
    socket.once('close', () => {
      this.#waiting -= connection.waiting.splice(0).length;
    });
    return connection;
  }

  #wait(connection: Connection, socket: Socket, request: IncomingMessage, response: ServerResponse): void {
    const { waiting } = connection;
    if (this.#waiting >= this.#waitingMax || waiting.length >= WAITING_PER_CONNECTION_MAX) {
      socket.destroy();
      return;
    }
    waiting.push([request, response]);
    // Node is about to flush the response when it says so.
    response.once('socket', () => process.nextTick(() => this.#proceed(connection, socket)));
    this.#waiting++;
    socket.pause();
  }

  #start(connection: Connection, socket: Socket, request: IncomingMessage, response: ServerResponse): void {
    connection.answering = true;
    if (++connection.inARow === 1) {
      setImmediate(() => {
        connection.inARow = 0;
        this.#proceed(connection, socket);
      });
    }
    this.#beginWhenComplete(socket, request, response);
    // Called when the answer has been sent, or the connection ends before that.
    response.once('close', () => this.#next(connection, socket));
    this.#answer(request, response);
  }

  /** A request whose body has not arrived is as unfinished as half of a header: its connection still counts as idle. */
  #beginWhenComplete(socket: Socket, request: IncomingMessage, response: ServerResponse): void {
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    if (coding === undefined && Number(length ?? 0) === 0) {
      this.#limits?.begin(socket);
      return;
    }
    // Node reads what is left of a body after the answer, and only then says that it ended.
    request.once('end', () => {
      if (!response.closed) this.#limits?.begin(socket);
    });
  }

  #next(connection: Connection, socket: Socket): void {
    connection.answering = false;
    if (socket.destroyed) return;
    if (connection.waiting.length === 0) this.#limits?.end(socket);
    else this.#proceed(connection, socket);
  }

  /** Begins the first request that waits, if it is its turn. */
  #proceed(connection: Connection, socket: Socket): void {
    const [next] = connection.waiting;
    if (next === undefined || connection.answering || socket.destroyed || next[1].socket === null) return;
    // Otherwise it is called again when other connections have had their turn.
    if (connection.inARow >= IN_A_ROW_MAX) return;
    connection.waiting.shift();
    this.#waiting--;
    this.#start(connection, socket, ...next);
    if (connection.waiting.length === 0) socket.resume();
  }
}
