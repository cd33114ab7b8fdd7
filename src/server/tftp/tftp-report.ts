import type { Logger } from 'pino';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { TransferOutcome, TransferState } from '../../protocol/tftp/transfer.ts';
import type { BootEvent, BootEventKind, BootEventSink } from '../../provision/history/boot-event.ts';
import type { Counters } from '../../limits/counters.ts';
import { LineBudget, TROUBLE_LINES } from '../../log/line-budget.ts';
import { RejectLog } from './requests/reject-log.ts';

/** The result of a transfer. */
export interface TransferSummary {
  readonly client: Ipv4Address;
  readonly port: number;
  readonly local: Ipv4Address;
  readonly file: string;
  readonly size: number;
  readonly blksize: number;
  readonly windowsize: number;
  readonly outcome: TransferOutcome | 'unreachable';
  readonly error?: Error;
  readonly state: TransferState;
  readonly durationMs: number;
}

/** Receives what the server reports about itself. */
export interface TftpReportParts {
  readonly log: Logger;
  readonly counters: Counters;
  readonly events: BootEventSink;
  /** The network card that has the address, from a lease or the kernel's neighbour table. */
  readonly findMac: (address: Ipv4Address) => MacAddress | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly date: () => Date;
}

/** Why a request was rejected; the words are the labels of the counter `tftp_rejected`. */
export type RejectReason =
  | 'malformed'
  | 'write'
  | 'mode'
  | 'url'
  | 'path'
  | 'not-found'
  | 'refused'
  | 'network'
  | 'never-answered'
  | 'rate'
  | 'client-transfers'
  | 'overload'
  | 'broken';

/** Number of bytes of a packet that are logged. */
const PACKET_SHOWN = 600;

/** Turns events of transfers and requests into log lines, counters and boot events. */
export class TftpReport {
  readonly #parts: TftpReportParts;
  readonly #rejects: RejectLog<RejectReason | 'unconfirmed' | 'aborted'>;

  readonly #faults: LineBudget;

  constructor(parts: TftpReportParts) {
    this.#parts = parts;
    this.#rejects = new RejectLog(parts.log);
    this.#faults = new LineBudget(parts.log, 'tftp faults', TROUBLE_LINES);
  }

  get counters(): Counters {
    return this.#parts.counters;
  }

  get log(): Logger {
    return this.#parts.log;
  }

  /** A transfer has ended: one line at info, or at debug if it happens in every boot or is not informative. */
  ended(transfer: TransferSummary): void {
    const { counters, log } = this.#parts;
    const { client, durationMs, error, outcome, size, state } = transfer;
    // Generated files exist in every folder, so the path is the client's choice.
    const file = printable(transfer.file);
    counters.add('tftp_transfers', outcome);
    counters.add('tftp_resent_packets', '', state.resent);
    const fields = {
      client,
      port: transfer.port,
      local: transfer.local,
      file,
      size,
      blksize: transfer.blksize,
      windowsize: transfer.windowsize,
      outcome,
      durationMs: Math.round(durationMs),
      resent: state.resent,
      ...(error !== undefined && { err: error }),
    };
    if (outcome === 'declined') {
      log.debug(fields, 'tftp size query');
      return;
    }
    if (outcome === 'unconfirmed') {
      this.#rejects.add(client, outcome, 'no answer to the first packet', file, this.#parts.now());
      return;
    }
    // Without an ACK the ERROR may be forged like the request, and must not fill the log and the history.
    const doubted = outcome === 'aborted' && !state.confirmed;
    if (doubted && !this.#rejects.add(client, outcome, 'the client gave up', file, this.#parts.now())) return;
    const sent = outcome === 'complete' || outcome === 'unacknowledged';
    if (sent) counters.add('tftp_sent_bytes', '', size);
    if (!doubted) log.info(fields, 'tftp transfer');
    const summary = sent
      ? `TFTP ${file}, ${describeSize(size)} in ${(durationMs / 1000).toFixed(1)} s`
      : `TFTP ${file} failed: ${describeFailure(outcome)}`;
    this.#record(sent ? 'tftp.sent' : 'tftp.failed', client, summary, {
      file,
      size,
      outcome,
      blksize: transfer.blksize,
      windowsize: transfer.windowsize,
      resent: state.resent,
      durationMs: Math.round(durationMs),
    });
  }

  /**
   * A request was rejected. The log gets the first one of a client and minute; the history gets the first one for each
   * reason, since the reason why a boot fails often follows a name that was only tried.
   */
  rejected(client: Ipv4Address, reason: RejectReason, text: string, file?: string): void {
    this.#parts.counters.add('tftp_rejected', reason);
    const shown = file === undefined ? undefined : printable(file);
    const first = this.#rejects.add(client, reason, text, shown, this.#parts.now());
    if (!first || shown === undefined) return;
    if (reason === 'url') {
      const summary = `the firmware was given the URL ${shown} but supports only TFTP`;
      this.#record('boot.url_sent_to_pxe_rom', client, summary, { url: shown });
    } else if (reason === 'not-found' || reason === 'refused' || reason === 'path' || reason === 'broken') {
      this.#record('tftp.failed', client, `TFTP ${shown} failed: ${text}`, { file: shown, reason });
    }
  }

  /** A packet could not be handled because of a fault of this server. */
  fault(error: unknown, bytes: Uint8Array): void {
    const { counters, log, now } = this.#parts;
    counters.add('tftp_faults');
    if (!this.#faults.take(String(error), now())) return;
    const packet = Buffer.from(bytes.subarray(0, PACKET_SHOWN)).toString('hex');
    log.error({ err: error, packet }, 'tftp packet not handled');
  }

  /** A file could not be opened because of a fault of this host, not of the client. */
  broken(client: Ipv4Address, file: string, error: unknown): void {
    const { counters, now } = this.#parts;
    counters.add('tftp_faults');
    if (!this.#faults.take(`${file} ${String(error)}`, now())) return;
    this.#parts.log.error({ err: error, client, file: printable(file) }, 'tftp file not opened');
  }

  /** Ends minutes of the reject log. */
  expire(): void {
    this.#rejects.expire(this.#parts.now());
  }

  get idle(): boolean {
    return this.#rejects.empty;
  }

  #record(kind: BootEventKind, address: Ipv4Address, summary: string, detail: BootEvent['detail']): void {
    const mac = this.#parts.findMac(address);
    this.#parts.events.record({
      at: this.#parts.date(),
      kind,
      address,
      ...(mac !== undefined && { mac }),
      summary,
      detail,
    });
  }
}

function describeSize(size: number): string {
  if (size < 1000) return `${size} B`;
  return size < 1_000_000 ? `${Math.round(size / 1000)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}

function describeFailure(outcome: TransferSummary['outcome']): string {
  switch (outcome) {
    case 'aborted':
      return 'the client gave up';
    case 'timed-out':
      return 'the client stopped answering';
    case 'too-slow':
      return 'the transfer took too long';
    case 'content-failed':
      return 'the file could not be read';
    case 'stopped':
      return 'the server stopped';
    default:
      return 'the client cannot be reached';
  }
}

/** Text from outside, made safe for a terminal. */
function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?').slice(0, 200);
}
