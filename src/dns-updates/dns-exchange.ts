import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createConnection, isIPv6 } from 'node:net';
import { decodeDnsMessage, OPCODE_UPDATE } from '../protocol/dns/dns-message.ts';
import { type DnsUpdate, encodeUpdate } from '../protocol/dns/dns-update.ts';
import { type SignedRequest, signRequest, type TsigKey, verifyAnswer } from '../protocol/dns/tsig.ts';
import { type Endpoint, formatEndpoint } from '../protocol/endpoint.ts';
import { MalformedMessage } from '../protocol/malformed-message.ts';

/** The destination of updates. */
export interface DnsServer {
  readonly endpoint: Endpoint;
  /** If absent, updates are not signed. */
  readonly key?: TsigKey;
}

/** The server gave no valid answer. The message gives the reason, without secrets. */
export class DnsExchangeError extends Error {
  override readonly name = 'DnsExchangeError';
}

/** How long the server may take for each attempt by UDP. */
const UDP_TRIES_MS = [1_000, 2_000, 4_000];
const TCP_MS = 5_000;
/** RFC 1035 section 4.2.1: the size that every server accepts by UDP. */
const UDP_SIZE_MAX = 512;
/** Larger than any answer to an update. */
const ANSWER_SIZE_MAX = 4096;

/** How to treat a datagram: as the answer, as unrelated, or as a bad answer with the reason. */
type Judgement =
  | { readonly kind: 'answer'; readonly rcode: number; readonly truncated: boolean }
  | { readonly kind: 'stray' }
  | { readonly kind: 'bad'; readonly reason: string };

/**
 * Sends an update by UDP or, if it or its answer is too long for that, by TCP, and resolves with the response code. A
 * message that is sent twice does no harm: every update here has the same effect the second time. Rejects with
 * DnsExchangeError. `nowMs` is the wall clock, which signatures contain.
 */
export async function exchangeUpdate(
  server: DnsServer,
  update: DnsUpdate,
  nowMs: () => number,
): Promise<number> {
  const id = randomInt(0x1_0000);
  const message = encodeUpdate(id, update);
  const request = sign(message, server.key, nowMs);
  const judge = (bytes: Uint8Array): Judgement => judgeAnswer(bytes, id, server.key, request.mac, nowMs);
  const answer = request.bytes.length > UDP_SIZE_MAX ? undefined : await askByUdp(server, request, judge);
  if (answer !== undefined && !answer.truncated) return answer.rcode;
  return await askByTcp(server, request, judge);
}

function sign(message: Uint8Array, key: TsigKey | undefined, nowMs: () => number): SignedRequest {
  if (key === undefined) return { bytes: message, mac: new Uint8Array(0) };
  return signRequest(message, key, Math.floor(nowMs() / 1000));
}

function judgeAnswer(
  bytes: Uint8Array,
  id: number,
  key: TsigKey | undefined,
  requestMac: Uint8Array,
  nowMs: () => number,
): Judgement {
  try {
    const decoded = decodeDnsMessage(bytes);
    if (decoded.id !== id || !decoded.response || decoded.opcode !== OPCODE_UPDATE) return { kind: 'stray' };
    const verdict =
      key === undefined
        ? undefined
        : verifyAnswer(bytes, decoded, key, requestMac, Math.floor(nowMs() / 1000));
    if (verdict?.kind === 'refused') return { kind: 'bad', reason: verdict.reason };
    return { kind: 'answer', rcode: decoded.rcode, truncated: decoded.truncated };
  } catch (error) {
    if (error instanceof MalformedMessage) return { kind: 'bad', reason: `bad answer: ${error.message}` };
    throw error;
  }
}

/**
 * A bad answer may be forged, so the exchange waits for the right one until the attempt times out (RFC 8945 section
 * 5.3).
 */
function askByUdp(
  { endpoint }: DnsServer,
  { bytes }: SignedRequest,
  judge: (bytes: Uint8Array) => Judgement,
): Promise<{ rcode: number; truncated: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(endpoint.host) ? 'udp6' : 'udp4');
    let tries = 0;
    let reason: string | undefined;
    let timer: NodeJS.Timeout | undefined;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const fail = (why: string): void =>
      end(() => reject(new DnsExchangeError(`${formatEndpoint(endpoint)}: ${why}`)));
    const attempt = (): void => {
      const timeoutMs = UDP_TRIES_MS[tries++];
      if (reason !== undefined || timeoutMs === undefined) {
        fail(reason ?? 'no answer');
        return;
      }
      timer = setTimeout(attempt, timeoutMs);
      socket.send(bytes);
    };
    socket.on('error', (error) => fail(describe(error)));
    socket.on('message', (datagram) => {
      const judgement = judge(datagram);
      if (judgement.kind === 'answer') end(() => resolve(judgement));
      else if (judgement.kind === 'bad') reason = judgement.reason;
    });
    socket.connect(endpoint.port, endpoint.host, attempt);
  });
}

/** RFC 1035 section 4.2.2: each message is preceded by its length in two bytes. */
function askByTcp(
  { endpoint }: DnsServer,
  { bytes }: SignedRequest,
  judge: (bytes: Uint8Array) => Judgement,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(endpoint.port, endpoint.host);
    let received = Buffer.alloc(0);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (why: string): void =>
      end(() => reject(new DnsExchangeError(`${formatEndpoint(endpoint)} by TCP: ${why}`)));
    const timer = setTimeout(() => fail('no answer'), TCP_MS);
    socket.on('connect', () => socket.write(Buffer.from([bytes.length >> 8, bytes.length & 255, ...bytes])));
    socket.on('error', (error) => fail(describe(error)));
    socket.on('close', () => fail('the connection was closed without an answer'));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const size = received.length < 2 ? ANSWER_SIZE_MAX : received.readUInt16BE(0);
      if (received.length > ANSWER_SIZE_MAX + 2) fail('the answer is too long');
      else if (received.length >= size + 2) {
        const judgement = judge(received.subarray(2, size + 2));
        if (judgement.kind === 'answer') end(() => resolve(judgement.rcode));
        else fail(judgement.kind === 'bad' ? judgement.reason : 'the answer is to another message');
      }
    });
  });
}

function describe(error: Error): string {
  const code = 'code' in error ? String(error.code) : undefined;
  return code === 'ECONNREFUSED' ? 'nothing listens there (ECONNREFUSED)' : (code ?? error.message);
}
