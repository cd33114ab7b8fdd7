import type { RemoteInfo } from 'node:dgram';
import { type Ipv4Address, ipv4ToNumber } from '../../protocol/ipv4-address.ts';
import { MalformedMessage } from '../../protocol/malformed-message.ts';
import { type NegotiatedTerms, negotiate } from '../../protocol/tftp/negotiate.ts';
import {
  decodeClientPacket,
  encodeError,
  encodeOack,
  Opcode,
  readOpcode,
  TftpError,
} from '../../protocol/tftp/packet.ts';
import { decodeRequest, type TftpRequest } from '../../protocol/tftp/request.ts';
import { requestedPath } from '../../protocol/tftp/requested-path.ts';
import type { TransferTerms } from '../../protocol/tftp/transfer.ts';
import { TokenBucket } from '../../limits/token-bucket.ts';
import type { InterfaceWatcher } from '../../host/interface-watcher.ts';
import { RequestLimits } from './requests/request-limits.ts';
import { type RunningTransfer, RunningTransfers } from './transfers/running-transfers.ts';
import type { TftpAnswer, TftpContent } from './content/tftp-content.ts';
import { type TftpListener, TftpListeners, type TftpPlace } from './tftp-listeners.ts';
import { type RejectReason, TftpReport, type TftpReportParts } from './tftp-report.ts';
import { TFTP_DEFAULTS, type TftpSettings } from './tftp-settings.ts';
import { TftpTransfer } from './transfers/tftp-transfer.ts';
import { countBlocks, MemoryBlocks, StreamedBlocks } from './transfers/transfer-blocks.ts';
import type { TransferPort } from './transfers/transfer-port.ts';
import {
  type SenderListener,
  sendPacket,
  type TakeTransferPacket,
  type TftpPeer,
} from './transfers/transfer-port.ts';
import { type BatchedCalls, loadBatchedCalls } from './transfers/transfer-ports.ts';
import { TurnBudget } from './transfers/turn-budget.ts';

/** How often running transfers are checked; the shortest wait before sending again is ten times as long. */
const SWEEP_MS = 100;
/** If a client sends the same request from the port of a running transfer after this time, it has started again. */
const REPEATED_REQUEST_MS = 2000;
/** A whole transfer may take this long, plus a millisecond for each byte: 1 kB/s. */
const DURATION_MS_MIN = 60_000;
/**
 * The longest wait that a client can request before we send again (RFC 2349). The OACK contains the requested value,
 * since edk2 accepts nothing else; but a silent client that requested 255 s would hold its place for nine minutes.
 */
const TIMEOUT_SECONDS_MAX = 20;
/** Maximum number of answers per second to packets of no transfer; more could be reflections of forged ones. */
const STRANGER_ERRORS_PER_SECOND = 10;

/** Size in bytes of the shortest packet, an ACK. */
const PACKET_LENGTH_MIN = 4;

/** What a TFTP server depends on. */
export interface TftpServerParts extends TftpReportParts {
  readonly listeners: readonly TftpPlace[];
  readonly settings?: Partial<TftpSettings>;
  /** Whether the client with this address is answered. */
  readonly serves: (address: Ipv4Address) => boolean;
  /** Whether the card at an address is one that settings exclude. */
  readonly neverAnswers?: ((address: Ipv4Address) => boolean) | undefined;
  readonly content: TftpContent;
  /** Sends the packets of transfers; by default the best that this host supports. */
  readonly loadCalls?: () => Promise<BatchedCalls | undefined>;
  /** Lists the addresses, and notifies of changes. */
  readonly watcher: Pick<InterfaceWatcher, 'interfaces' | 'follow'>;
}

/** A read-only TFTP server (RFC 1350, 2347, 2348, 2349, 7440), listening. */
export class TftpServer {
  readonly #parts: TftpServerParts;
  readonly #settings: TftpSettings;
  readonly #limits: RequestLimits;
  readonly #report: TftpReport;
  readonly #running: RunningTransfers;
  readonly #strangers: TokenBucket;
  /** Absent until the ports are open. */
  #listeners: TftpListeners | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #closing = false;

  private constructor(parts: TftpServerParts) {
    this.#parts = parts;
    this.#settings = { ...TFTP_DEFAULTS, ...parts.settings };
    this.#limits = new RequestLimits(this.#settings, parts.serves, parts.neverAnswers);
    this.#running = new RunningTransfers(this.#limits, parts.now);
    this.#report = new TftpReport(parts);
    this.#strangers = new TokenBucket(STRANGER_ERRORS_PER_SECOND, STRANGER_ERRORS_PER_SECOND, parts.now());
  }

  /**
   * Opens the ports. Rejects with UdpBindError, which names the port and says what to do; nothing is left open then.
   */
  static async start(parts: TftpServerParts): Promise<TftpServer> {
    const server = new TftpServer(parts);
    server.#listeners = await TftpListeners.open({
      places: parts.listeners,
      settings: server.#settings,
      batched: await (parts.loadCalls ?? loadBatchedCalls)(),
      turn: new TurnBudget(parts.now),
      log: parts.log,
      now: parts.now,
      watcher: parts.watcher,
      onPacket: (listener, bytes, from) =>
        server.#guard(bytes, () => server.#onListener(listener, bytes, from)),
      onStranger: server.#onStranger,
      onGone: (listener) => server.#running.stop(listener),
    });
    return server;
  }

  /** The addresses and ports that it listens on. */
  get addresses(): { address: Ipv4Address; port: number }[] {
    return this.#listeners?.addresses ?? [];
  }

  /** Addresses that it is to listen on and does not yet, each in a sentence. */
  get waiting(): readonly string[] {
    return this.#listeners?.waiting ?? [];
  }

  /** Number of running transfers. */
  get transfers(): number {
    return this.#running.size;
  }

  /** Stops accepting requests, gives running transfers `graceMs` to end, and ends the rest. */
  async close(graceMs = 5000): Promise<void> {
    this.#closing = true;
    this.#listeners?.freeze();
    await this.#running.end(graceMs);
    this.#listeners?.close();
    clearInterval(this.#sweep);
  }

  /** Any error thrown while a packet is handled is a bug of ours, and must not end the process. */
  #guard(bytes: Uint8Array, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#onFault(error, bytes);
    }
  }

  #onFault(error: unknown, bytes: Uint8Array): void {
    if (error instanceof MalformedMessage) {
      this.#report.counters.add('tftp_ignored', error.code);
      return;
    }
    this.#report.fault(error, bytes);
  }

  #onListener(listener: TftpListener, bytes: Buffer, from: RemoteInfo): void {
    // No answer can reach port 0, which only forged packets have; and a shorter packet contains nothing to answer.
    if (from.port === 0 || bytes.length < PACKET_LENGTH_MIN) {
      this.#report.counters.add('tftp_ignored', from.port === 0 ? 'port' : 'short');
      return;
    }
    const opcode = readOpcode(bytes);
    const peer: TftpPeer = { address: from.address as Ipv4Address, port: from.port };
    if (opcode === Opcode.rrq || opcode === Opcode.wrq) {
      if (!this.#closing) this.#onRequest(listener, bytes, peer);
      return;
    }
    if (listener.singlePort !== undefined && (opcode === Opcode.ack || opcode === Opcode.error)) {
      listener.singlePort.take(bytes, ipv4ToNumber(peer.address), peer.port);
      return;
    }
    // RFC 1350 defines no other packet for this port, and an answer would only help the sender of forged packets.
    this.#report.counters.add('tftp_ignored', 'opcode');
  }

  #onRequest(listener: TftpListener, bytes: Buffer, peer: TftpPeer): void {
    const { now } = this.#parts;
    this.#sweep ??= setInterval(() => this.#onSweep(), SWEEP_MS);
    const limit = this.#limits.check(peer.address, now());
    if (limit !== undefined) {
      this.#report.rejected(peer.address, limit, LIMIT_TEXTS[limit]);
      return;
    }
    if (this.#isRepeated(listener, bytes, peer)) return;
    let request: TftpRequest;
    try {
      request = decodeRequest(bytes);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.#refuse(listener, peer, TftpError.undefined, 'malformed', `malformed request: ${error.message}`);
      return;
    }
    const asked = requestedPath(request.filename);
    const refuse = (code: number, reason: RejectReason, text: string): void =>
      this.#refuse(listener, peer, code, reason, text, request.filename);
    if (request.operation === 'write') {
      refuse(TftpError.accessViolation, 'write', 'read-only server');
    } else if (request.mode !== 'octet') {
      refuse(TftpError.undefined, 'mode', 'only mode octet is supported; use octet');
    } else if (asked.kind === 'url') {
      refuse(TftpError.notFound, 'url', 'a URL was requested, and TFTP serves only files');
    } else if (asked.kind === 'refused') {
      refuse(TftpError.accessViolation, 'path', asked.reason);
    } else {
      this.#begin(listener, peer, bytes, request, asked.path);
    }
  }

  /**
   * Whether the request belongs to a transfer that is already running. A client that started again ends its old one.
   */
  #isRepeated(listener: TftpListener, bytes: Buffer, peer: TftpPeer): boolean {
    const known = this.#running.find(listener, peer);
    if (known === undefined) return false;
    const nowMs = this.#parts.now();
    const again = known.transfer?.state.confirmed === true && nowMs - known.startedMs >= REPEATED_REQUEST_MS;
    if (known.transfer === undefined || (known.request.equals(bytes) && !again)) {
      this.#report.counters.add('tftp_repeated_requests');
      known.transfer?.handle({ kind: 'request-repeated', nowMs });
      return true;
    }
    known.transfer.handle({ kind: 'error', code: TftpError.undefined });
    return false;
  }

  #begin(listener: TftpListener, peer: TftpPeer, bytes: Buffer, request: TftpRequest, path: string): void {
    const running = this.#running.enter(listener, peer, bytes);
    if (typeof running === 'string') {
      this.#report.rejected(peer.address, running, LIMIT_TEXTS[running], path);
      return;
    }
    this.#open(listener, running, request, path).catch((error: unknown) => {
      if (running.left === true) return;
      this.#running.leave(running);
      if (isUsedUp(error)) {
        this.#report.rejected(peer.address, 'overload', 'the server has no file descriptor left', path);
        return;
      }
      this.#report.broken(peer.address, path, error);
      this.#refuse(listener, peer, TftpError.undefined, 'broken', 'the server could not open the file', path);
    });
  }

  async #open(
    listener: TftpListener,
    running: RunningTransfer,
    request: TftpRequest,
    path: string,
  ): Promise<void> {
    const { peer } = running;
    const answer = await this.#parts.content.open({
      path,
      clientAddress: peer.address,
      localAddress: listener.address,
    });
    if (running.left === true) return release(answer);
    if (answer.kind === 'not-found' || answer.kind === 'refused') {
      this.#running.leave(running);
      const [code, text] =
        answer.kind === 'refused'
          ? [TftpError.accessViolation, answer.reason]
          : [TftpError.notFound, 'no such file'];
      this.#refuse(listener, peer, code, answer.kind, text, path);
      return;
    }
    const size = answer.kind === 'bytes' ? answer.bytes.length : answer.stream.size;
    const terms = negotiate(request.options, size, {
      blksizeMax: listener.blksizeMax,
      windowsizeMax: this.#settings.windowsizeMax,
    });
    const port = listener.ports.choose(peer);
    if (port === undefined || this.#closing) {
      await release(answer);
      this.#running.leave(running);
      this.#report.rejected(
        peer.address,
        'overload',
        'the server has no UDP port left for the transfer',
        path,
      );
      return;
    }
    this.#startTransfer(listener, running, port, answer, size, terms);
  }

  #startTransfer(
    listener: TftpListener,
    running: RunningTransfer,
    port: TransferPort,
    answer: Extract<TftpAnswer, { kind: 'bytes' | 'stream' }>,
    size: number,
    negotiated: NegotiatedTerms,
  ): void {
    const { peer } = running;
    const { blksize, oack, windowsize } = negotiated;
    const take: TakeTransferPacket = (bytes) => this.#onPacket(transfer, bytes);
    const transfer = new TftpTransfer({
      peer,
      port,
      terms: this.#termsOf(size, negotiated),
      oack: encodeOack(oack),
      blocks:
        answer.kind === 'bytes'
          ? new MemoryBlocks(answer.bytes, blksize, answer.release)
          : new StreamedBlocks(answer.stream, blksize, windowsize),
      now: this.#parts.now,
      onNoRoom: () => this.#report.counters.add('tftp_no_room'),
      onSendError: (code) => this.#report.counters.add('tftp_send_errors', code),
      onEnd: (outcome, error) => {
        port.leave(peer, take);
        this.#running.leave(running);
        this.#report.ended({
          client: peer.address,
          port: peer.port,
          local: listener.address,
          file: answer.name,
          size,
          blksize,
          windowsize,
          outcome,
          state: transfer.state,
          durationMs: this.#parts.now() - running.startedMs,
          ...(error !== undefined && { error }),
        });
      },
    });
    running.transfer = transfer;
    running.blksize = blksize;
    port.join(peer, take);
  }

  #termsOf(size: number, { blksize, oack, timeoutSeconds, windowsize }: NegotiatedTerms): TransferTerms {
    const { retransmitMs, retransmitMsMax, retriesMax, rollover } = this.#settings;
    return {
      blocks: countBlocks(size, blksize),
      windowsize,
      oack: oack.length > 0,
      rollover,
      retransmitMs:
        timeoutSeconds === undefined ? retransmitMs : Math.min(timeoutSeconds, TIMEOUT_SECONDS_MAX) * 1000,
      retransmitSetByClient: timeoutSeconds !== undefined,
      retransmitMsMax,
      retriesMax,
      durationMsMax: DURATION_MS_MIN + size,
    };
  }

  #onPacket(transfer: TftpTransfer, bytes: Uint8Array): void {
    try {
      const packet = decodeClientPacket(bytes);
      transfer.handle(
        packet.kind === 'ack' ? { kind: 'ack', block: packet.block, nowMs: this.#parts.now() } : packet,
      );
    } catch (error) {
      this.#onFault(error, bytes);
    }
  }

  /**
   * RFC 1350 section 4: a packet from another source gets an ERROR, and the transfer continues. Errors are never
   * answered.
   */
  readonly #onStranger = (port: TransferPort, bytes: Uint8Array, peer: TftpPeer): void => {
    this.#report.counters.add('tftp_ignored', 'stranger');
    // No answer can reach port 0.
    const answerable =
      peer.port !== 0 && bytes.length >= PACKET_LENGTH_MIN && this.#limits.serves(peer.address);
    if (!answerable || readOpcode(bytes) === Opcode.error || !this.#strangers.take(this.#parts.now())) return;
    const answer = encodeError(TftpError.unknownTransferId, 'unknown transfer ID');
    sendPacket(port.senderTo(peer, UNHEARD), answer);
  };

  #refuse(
    listener: TftpListener,
    peer: TftpPeer,
    code: number,
    reason: RejectReason,
    text: string,
    file?: string,
  ): void {
    this.#report.rejected(peer.address, reason, text, file);
    listener.socket.send(encodeError(code, text), peer.port, peer.address, () => undefined);
  }

  #onSweep(): void {
    this.#running.tick(this.#parts.now());
    this.#report.expire();
    if (this.#running.size === 0 && this.#report.idle) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
  }
}

const LIMIT_TEXTS = {
  network: 'the client is not on a served network; add its network to served_networks',
  'never-answered': 'the network card of the client is in dhcp.never_answer',
  rate: 'too many requests a second',
  'client-transfers': 'too many transfers of this client',
  overload: 'too many transfers',
} as const;

/** The callback for an answer whose result does not matter. */
const UNHEARD: SenderListener = { noRoom: () => undefined, room: () => undefined, failed: () => undefined };

async function release(answer: TftpAnswer): Promise<void> {
  if (answer.kind === 'stream') await answer.stream.close();
  else if (answer.kind === 'bytes') answer.release?.();
}

function isUsedUp(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM';
}
