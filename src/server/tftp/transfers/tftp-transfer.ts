import { dataHeader, wireBlock, wireNumberOf } from '../../../protocol/tftp/data-header.ts';
import { encodeError } from '../../../protocol/tftp/packet.ts';
import {
  startTransfer,
  step,
  type TransferAction,
  type TransferEvent,
  type TransferOutcome,
  type TransferState,
  type TransferTerms,
} from '../../../protocol/tftp/transfer.ts';
import type { TransferBlocks } from './transfer-blocks.ts';
import {
  type PacketSender,
  type SendError,
  type SenderListener,
  sendPacket,
  type TftpPeer,
  type TransferPort,
} from './transfer-port.ts';

/** Errors with which the kernel reports that a packet can never be sent to its destination. */
const NEVER_SENT: ReadonlySet<string> = new Set(['EINVAL', 'EMSGSIZE', 'EACCES']);

/** What one transfer depends on. */
export interface TftpTransferParts {
  readonly peer: TftpPeer;
  readonly port: Pick<TransferPort, 'senderTo'>;
  readonly terms: TransferTerms;
  /** The OACK packet; not sent if `terms.oack` is false. */
  readonly oack: Buffer;
  readonly blocks: TransferBlocks;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The socket's buffer was full, and the transfer begins to wait. */
  readonly onNoRoom: () => void;
  /** A packet was lost before it was sent; `code` is like `ENETUNREACH`. */
  readonly onSendError: (code: string) => void;
  /** Called once, when the transfer has released its file but not its socket. */
  readonly onEnd: (outcome: TransferOutcome | 'unreachable', error?: Error) => void;
}

/** Executes what the transfer's state machine decides: reads, sends, and passes on received packets. */
export class TftpTransfer implements SenderListener {
  readonly #parts: TftpTransferParts;
  readonly #sender: PacketSender;
  #state: TransferState;
  /** The window to send once its blocks are loaded; a later one replaces it. */
  #wanted: { readonly first: number; readonly count: number } | undefined;
  #loading = false;
  /** What is logged besides the outcome. */
  #error: Error | undefined;

  constructor(parts: TftpTransferParts) {
    this.#parts = parts;
    this.#sender = parts.port.senderTo(parts.peer, this);
    const { actions, state } = startTransfer(parts.terms, parts.now());
    this.#state = state;
    for (const action of actions) this.#perform(action);
  }

  get state(): TransferState {
    return this.#state;
  }

  handle(event: TransferEvent): void {
    const { actions, state } = step(this.#state, event);
    this.#state = state;
    for (const action of actions) this.#perform(action);
  }

  #perform(action: TransferAction): void {
    switch (action.kind) {
      case 'send-oack':
        sendPacket(this.#sender, this.#parts.oack);
        break;
      case 'send-data':
        this.#wanted = action;
        if (!this.#loading) this.#sendWanted();
        break;
      case 'send-error':
        sendPacket(this.#sender, encodeError(action.code, action.text));
        break;
      case 'end':
        this.#end(action.outcome);
        break;
    }
  }

  #sendWanted(): void {
    const window = this.#wanted;
    if (window === undefined || this.#state.ended) return;
    const loading = this.#parts.blocks.load(window.first, window.count);
    if (loading === undefined) {
      this.#wanted = undefined;
      this.#sendWindow(window.first, window.count);
      return;
    }
    this.#loading = true;
    loading.then(
      () => {
        this.#loading = false;
        this.#sendWanted();
      },
      (error: unknown) => {
        this.#loading = false;
        this.#error = error instanceof Error ? error : new Error(String(error));
        this.handle({ kind: 'content-failed' });
      },
    );
  }

  #sendWindow(first: number, count: number): void {
    const { blocks, terms } = this.#parts;
    for (let block = first; block < first + count; block++) {
      const { bytes, end, start } = blocks.locate(block);
      this.#sender.send(dataHeader(wireBlock(block, terms.rollover)), bytes, start, end);
    }
    this.#sender.flush();
  }

  noRoom(head: number): void {
    if (this.#state.unsent === undefined) this.#parts.onNoRoom();
    this.handle({ kind: 'no-room', block: wireNumberOf(head) });
  }

  room(): void {
    this.handle({ kind: 'room', nowMs: this.#parts.now() });
  }

  /** If a route is missing for a moment, packets are lost as with a bad cable, and are sent again in the same way. */
  failed(error: SendError): void {
    const { code = 'unknown' } = error;
    this.#parts.onSendError(code);
    this.#error = error;
    if (this.#state.ended || !NEVER_SENT.has(code)) return;
    this.#state = { ...this.#state, ended: true };
    this.#end('unreachable');
  }

  #end(outcome: TransferOutcome | 'unreachable'): void {
    this.#wanted = undefined;
    this.#parts.blocks.close().then(
      () => this.#parts.onEnd(outcome, this.#error),
      (failure: unknown) =>
        this.#parts.onEnd(outcome, failure instanceof Error ? failure : new Error(String(failure))),
    );
  }
}
