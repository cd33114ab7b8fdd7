import { dataHeader, wireBlock } from '../../protocol/tftp/data-header.ts';
import { encodeError } from '../../protocol/tftp/packet.ts';
import {
  startTransfer,
  step,
  type TransferAction,
  type TransferEvent,
  type TransferOutcome,
  type TransferState,
  type TransferTerms,
} from '../../protocol/tftp/transfer.ts';
import type { TransferBlocks } from './transfer-blocks.ts';
import {
  type PacketSender,
  type SendFailed,
  sendPacket,
  type TftpPeer,
  type TransferPort,
} from './transfer-port.ts';

/** How long to wait when the kernel has no room for a packet. */
const NO_BUFFERS_PAUSE_MS = 5;
const NO_ROOM = new Set(['ENOBUFS', 'ENOMEM', 'EAGAIN']);

/** What one transfer is made of. */
export interface TftpTransferParts {
  readonly peer: TftpPeer;
  readonly port: Pick<TransferPort, 'senderTo'>;
  readonly terms: TransferTerms;
  /** The OACK packet; not sent if `terms.oack` is false. */
  readonly oack: Buffer;
  readonly blocks: TransferBlocks;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onNoBuffers: () => void;
  /** Called once; the transfer has let go of its file and not of its socket. */
  readonly onEnd: (outcome: TransferOutcome | 'unreachable', error?: Error) => void;
}

/** Carries out what the transfer's state machine decides: reads, sends, and passes on what comes. */
export class TftpTransfer {
  readonly #parts: TftpTransferParts;
  readonly #sender: PacketSender;
  #state: TransferState;
  /** The window to send once its blocks are loaded; a later one takes its place. */
  #wanted: { readonly first: number; readonly count: number } | undefined;
  #loading = false;
  #pause: NodeJS.Timeout | undefined;

  constructor(parts: TftpTransferParts) {
    this.#parts = parts;
    this.#sender = parts.port.senderTo(parts.peer, this.#onFailed);
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
        this.#readError = error instanceof Error ? error : new Error(String(error));
        this.handle({ kind: 'content-failed' });
      },
    );
  }

  #readError: Error | undefined;

  #sendWindow(first: number, count: number): void {
    const { blocks, terms } = this.#parts;
    for (let block = first; block < first + count; block++) {
      const { bytes, end, start } = blocks.locate(block);
      this.#sender.send(dataHeader(wireBlock(block, terms.rollover)), bytes, start, end);
    }
    this.#sender.flush();
  }

  /** A packet could not be sent. Where there was no room for it, its window is sent again soon. */
  readonly #onFailed: SendFailed = (error) => {
    if (this.#state.ended) return;
    if (NO_ROOM.has(error.code ?? '')) {
      this.#parts.onNoBuffers();
      this.#pause ??= setTimeout(() => {
        this.#pause = undefined;
        const { acked, sent } = this.#state;
        if (acked >= 0) this.#perform({ kind: 'send-data', first: acked + 1, count: sent - acked });
      }, NO_BUFFERS_PAUSE_MS);
      return;
    }
    this.#state = { ...this.#state, ended: true };
    this.#end('unreachable', error);
  };

  #end(outcome: TransferOutcome | 'unreachable', error = this.#readError): void {
    clearTimeout(this.#pause);
    this.#wanted = undefined;
    this.#parts.blocks.close().then(
      () => this.#parts.onEnd(outcome, error),
      (failure: unknown) =>
        this.#parts.onEnd(outcome, failure instanceof Error ? failure : new Error(String(failure))),
    );
  }
}
