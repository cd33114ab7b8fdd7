import { type BlockRollover, wireBlock } from './data-header.ts';
import { TftpError } from './packet.ts';

/** The parameters of a transfer, which stay the same from its first packet to its last. Times are in milliseconds. */
export interface TransferTerms {
  /** Number of DATA packets of the whole file, including the short one at its end; at least 1. */
  readonly blocks: number;
  readonly windowsize: number;
  /** Whether an OACK is sent first. */
  readonly oack: boolean;
  readonly rollover: BlockRollover;
  /** The first wait before packets are sent again. It grows by half each time, up to `retransmitMsMax`. */
  readonly retransmitMs: number;
  readonly retransmitSetByClient: boolean;
  readonly retransmitMsMax: number;
  /** How often the same packets are sent again to a client that has answered before. */
  readonly retriesMax: number;
  /** Maximum duration of the whole transfer. */
  readonly durationMsMax: number;
}

/** The state of a transfer. Blocks are counted from 1 without limit; block 0 is the OACK. */
export interface TransferState {
  readonly terms: TransferTerms;
  /** The highest block that the client has; -1 while an OACK is not acknowledged. */
  readonly acked: number;
  /** The highest block that was sent. */
  readonly sent: number;
  /** The lowest sent block that waits for space in the socket's buffer (0 is the OACK); undefined if none waits. */
  readonly unsent: number | undefined;
  /** Whether the client has answered from its port: until then the source address may be forged. */
  readonly confirmed: boolean;
  /** How often the timer has sent the same packets again. */
  readonly retries: number;
  /** How often repeated ACKs or requests have caused the same window to be sent again. */
  readonly rewinds: number;
  /** Number of consecutive ACKs within a window, without one for the end of a window. */
  readonly partialAcks: number;
  /** Packets sent more than once, in the whole transfer. */
  readonly resent: number;
  readonly lastSentMs: number;
  readonly lastProgressMs: number;
  /** When to call `step` with a `tick`. */
  readonly deadlineMs: number;
  readonly endsAtMs: number;
  readonly ended: boolean;
}

export type TransferEvent =
  | { readonly kind: 'ack'; readonly block: number; readonly nowMs: number }
  | { readonly kind: 'error'; readonly code: number }
  /** The client sent the same request again, from the same port. */
  | { readonly kind: 'request-repeated'; readonly nowMs: number }
  | { readonly kind: 'tick'; readonly nowMs: number }
  /** The socket's buffer had no space for a block; the OACK counts as block 0. */
  | { readonly kind: 'no-room'; readonly block: number }
  /** The socket's buffer has space again. */
  | { readonly kind: 'room'; readonly nowMs: number }
  /** The file can no longer be read, or is shorter than it was. */
  | { readonly kind: 'content-failed' }
  /** The server is full, and this client has not answered, or is the slowest. */
  | { readonly kind: 'displaced' }
  /** The server stops. */
  | { readonly kind: 'stop' };

/** How a transfer ended. */
export type TransferOutcome =
  | 'complete'
  /** Everything was sent, but the last ACK did not arrive: it was lost, or the client does not send it. */
  | 'unacknowledged'
  /** The client only asked for the size: edk2 and BIOS ROMs do so before they load the file. */
  | 'declined'
  | 'aborted'
  /** No packet ever came from the client's port. */
  | 'unconfirmed'
  | 'timed-out'
  | 'too-slow'
  | 'content-failed'
  | 'stopped';

export type TransferAction =
  | { readonly kind: 'send-oack' }
  /** Send `count` blocks, starting with `first`. */
  | { readonly kind: 'send-data'; readonly first: number; readonly count: number }
  | { readonly kind: 'send-error'; readonly code: number; readonly text: string }
  | { readonly kind: 'end'; readonly outcome: TransferOutcome };

export interface TransferStep {
  readonly state: TransferState;
  readonly actions: readonly TransferAction[];
}

/**
 * Repeated ACKs within this time after a window was sent refer to the window before it, or to a loss that was already
 * reported.
 */
const REPEATED_MS = 50;
/** How often a window is sent again because of repeated packets, without progress; after that only the timer sends. */
const REWINDS_MAX = 3;
/** After this many consecutive ACKs within a window, the next one causes only unsent blocks to be sent. */
const PARTIAL_ACKS_MAX = 3;
/** A client that has not answered yet may have a forged address: it gets one small packet a few times. */
const UNCONFIRMED_RETRIES_MAX = 3;
const BACKOFF = 1.5;
/**
 * A transfer without progress ends after this time; if the client has set a timeout of more than half of it, after two
 * timeouts.
 */
const IDLE_MS_MAX = 60_000;

const TOO_SLOW = 'the transfer takes too long';
const DISPLACED = 'the server is full, and this transfer is the slowest; try again';
const NO_ACTIONS: readonly TransferAction[] = [];

/**
 * Begins a transfer with the OACK, or with the first DATA if there are no options to acknowledge. A whole window is
 * sent only after the client has answered, so that a request with a forged source address causes only one packet.
 */
export function startTransfer(terms: TransferTerms, nowMs: number): TransferStep {
  const state: TransferState = {
    terms,
    acked: terms.oack ? -1 : 0,
    sent: terms.oack ? 0 : 1,
    unsent: undefined,
    confirmed: false,
    retries: 0,
    rewinds: 0,
    partialAcks: 0,
    resent: 0,
    lastSentMs: nowMs,
    lastProgressMs: nowMs,
    deadlineMs: nowMs + Math.min(terms.retransmitMs, terms.retransmitMsMax),
    endsAtMs: nowMs + terms.durationMsMax,
    ended: false,
  };
  return { state, actions: [currentWindow(state)] };
}

/** The next state and action after an event. A transfer that has ended stays ended, and does nothing. */
export function step(state: TransferState, event: TransferEvent): TransferStep {
  if (state.ended) return { state, actions: NO_ACTIONS };
  switch (event.kind) {
    case 'ack':
      return onAck(state, event.block, event.nowMs);
    case 'error':
      // RFC 1350 section 5: an ERROR is neither answered nor acknowledged.
      return end(state, isDecline(state, event.code) ? 'declined' : 'aborted');
    case 'request-repeated':
      // Either the first answer was lost, or the client sent its request twice before the answer arrived.
      return state.confirmed ? { state, actions: NO_ACTIONS } : rewind(state, event.nowMs);
    case 'tick':
      return event.nowMs < state.deadlineMs ? { state, actions: NO_ACTIONS } : onTimeout(state, event.nowMs);
    case 'no-room':
      return { state: withUnsent(state, event.block), actions: NO_ACTIONS };
    case 'room':
      return onRoom(state, event.nowMs);
    case 'content-failed':
      return end(state, 'content-failed', 'the file cannot be read any more');
    case 'displaced':
      return state.confirmed ? end(state, 'too-slow', DISPLACED) : end(state, 'unconfirmed');
    case 'stop':
      return end(state, 'stopped', 'the server is stopping');
  }
}

function onAck(state: TransferState, wireNumber: number, nowMs: number): TransferStep {
  const block = matchBlock(state, wireNumber);
  if (block === undefined) return { state, actions: NO_ACTIONS };
  if (block === state.acked) return onRepeatedAck(state, nowMs);
  const { terms } = state;
  // Every field is listed: this runs for every ACK, and copying all fields and then replacing most took 8 % of the time
  // of a busy server.
  const progressed: TransferState = {
    terms,
    acked: block,
    sent: Math.min(block + terms.windowsize, terms.blocks),
    unsent: state.unsent !== undefined && state.unsent > block ? state.unsent : undefined,
    confirmed: true,
    retries: 0,
    rewinds: 0,
    resent: state.resent,
    partialAcks: block < state.sent ? state.partialAcks + 1 : 0,
    lastSentMs: nowMs,
    lastProgressMs: nowMs,
    deadlineMs: nowMs + terms.retransmitMs,
    endsAtMs: state.endsAtMs,
    ended: false,
  };
  if (block === terms.blocks) return end(progressed, 'complete');
  // This ends a transfer whose client takes one block a second and is never silent long enough for the timer.
  if (nowMs >= state.endsAtMs) return end(progressed, 'too-slow', TOO_SLOW);
  if (progressed.partialAcks > PARTIAL_ACKS_MAX && progressed.sent > state.sent) {
    return slide(progressed, state.sent, nowMs);
  }
  const actions = [currentWindow(progressed)];
  if (block === state.sent) return { state: progressed, actions };
  // RFC 7440 section 4: an ACK below the end of the window means that the blocks after it were lost.
  const left = state.unsent === undefined ? state.sent : state.unsent - 1;
  return { state: { ...progressed, resent: state.resent + Math.max(0, left - block) }, actions };
}

/**
 * Sends only the new blocks of the window. A client such as edk2 acknowledges every packet that it does not expect.
 * Then one packet out of order leads to a second copy of all blocks that follow: each copy causes an ACK within the
 * window, and that ACK the next copy. Not answering one of these ACKs with a copy ends this. If there was a loss after
 * all, the same ACK comes again, or the timer expires soon.
 */
function slide(progressed: TransferState, sentBefore: number, nowMs: number): TransferStep {
  const state: TransferState = {
    ...progressed,
    partialAcks: 0,
    lastSentMs: nowMs - REPEATED_MS,
    deadlineMs: nowMs + Math.min(REPEATED_MS, progressed.terms.retransmitMs),
  };
  const action = { kind: 'send-data', first: sentBefore + 1, count: state.sent - sentBefore } as const;
  return { state, actions: [action] };
}

/**
 * With a window of one, a repeated ACK never causes a packet: each would double all packets from then on, which is
 * known as the Sorcerer's Apprentice Syndrome (RFC 1123 section 4.2.3.1). With a larger window it is how a client
 * reports that the first block of a window was lost (RFC 7440 section 4).
 */
function onRepeatedAck(state: TransferState, nowMs: number): TransferStep {
  return state.terms.windowsize === 1 ? { state, actions: NO_ACTIONS } : rewind(state, nowMs);
}

/** Sends again at the client's request, but limited in rate and number to what a correct client needs. */
function rewind(state: TransferState, nowMs: number): TransferStep {
  const ignored = state.rewinds >= REWINDS_MAX || nowMs - state.lastSentMs < REPEATED_MS;
  return ignored ? { state, actions: NO_ACTIONS } : resend(state, nowMs, { rewinds: state.rewinds + 1 });
}

function onTimeout(state: TransferState, nowMs: number): TransferStep {
  if (!state.confirmed && state.retries >= UNCONFIRMED_RETRIES_MAX) return end(state, 'unconfirmed');
  if (nowMs >= state.endsAtMs) return end(state, 'too-slow', TOO_SLOW);
  const { acked, sent, terms } = state;
  const idleMs = Math.max(IDLE_MS_MAX, 2 * terms.retransmitMs);
  if (state.retries >= terms.retriesMax || nowMs - state.lastProgressMs >= idleMs) {
    if (!state.confirmed) return end(state, 'unconfirmed');
    const all = sent === terms.blocks && (acked > 0 || terms.blocks === 1);
    return end(state, all ? 'unacknowledged' : 'timed-out', 'timeout');
  }
  // The client cannot answer packets that have not been sent yet, and a second copy would only make the queue longer.
  if (state.unsent !== undefined) {
    return { state: { ...state, deadlineMs: nowMs + waitMs(state, state.retries) }, actions: NO_ACTIONS };
  }
  return resend(state, nowMs, { retries: state.retries + 1 });
}

function withUnsent(state: TransferState, wireNumber: number): TransferState {
  const block = matchBlock(state, wireNumber);
  if (block === undefined || (state.unsent !== undefined && state.unsent <= block)) return state;
  return { ...state, unsent: block };
}

/** Sends the blocks for which there was no space, but not those that were sent before. */
function onRoom(state: TransferState, nowMs: number): TransferStep {
  const { acked, sent, unsent } = state;
  if (unsent === undefined) return { state, actions: NO_ACTIONS };
  const next: TransferState = {
    ...state,
    unsent: undefined,
    lastSentMs: nowMs,
    deadlineMs: nowMs + waitMs(state, state.retries),
  };
  if (acked < 0) return { state: next, actions: [currentWindow(next)] };
  const first = Math.max(unsent, acked + 1);
  if (first > sent) return { state: next, actions: NO_ACTIONS };
  return { state: next, actions: [{ kind: 'send-data', first, count: sent - first + 1 }] };
}

/**
 * Whether a client ends a transfer because it only asked for the size: it does so with code 8 (edk2) or 0 (ROMs),
 * before any data.
 */
function isDecline({ acked, terms }: TransferState, code: number): boolean {
  if (!terms.oack || acked > 0) return false;
  return acked < 0 || code === TftpError.undefined || code === TftpError.optionRefused;
}

function resend(
  state: TransferState,
  nowMs: number,
  counts: Partial<Pick<TransferState, 'retries' | 'rewinds'>>,
): TransferStep {
  const { retries = state.retries, rewinds = state.rewinds } = counts;
  const next: TransferState = {
    ...state,
    retries,
    rewinds,
    resent: state.resent + (state.sent - Math.max(state.acked, 0)) + (state.acked < 0 ? 1 : 0),
    lastSentMs: nowMs,
    deadlineMs: nowMs + waitMs(state, retries),
  };
  return { state: next, actions: [currentWindow(next)] };
}

function waitMs({ confirmed, terms }: TransferState, retries: number): number {
  // A client with a long timeout must not occupy a transfer for minutes before it has answered.
  const longest =
    terms.retransmitSetByClient && confirmed
      ? Math.max(terms.retransmitMs, terms.retransmitMsMax)
      : terms.retransmitMsMax;
  // The wait grows also if the client has set it: atftp waits as long after our last packet before it repeats its ACK,
  // and would never send it otherwise.
  return Math.min(terms.retransmitMs * BACKOFF ** retries, longest);
}

function currentWindow(state: TransferState): TransferAction {
  if (state.acked < 0) return { kind: 'send-oack' };
  return { kind: 'send-data', first: state.acked + 1, count: state.sent - state.acked };
}

/** Ends the transfer, and sends the reason to the client if it has answered before. */
function end(state: TransferState, outcome: TransferOutcome, text?: string): TransferStep {
  const actions: TransferAction[] = [];
  if (text !== undefined && state.confirmed)
    actions.push({ kind: 'send-error', code: TftpError.undefined, text });
  actions.push({ kind: 'end', outcome });
  return { state: { ...state, ended: true }, actions };
}

/**
 * The block that an ACK is for: a block that was sent and is not acknowledged, or the last acknowledged one; undefined
 * for others.
 */
function matchBlock({ acked, sent, terms }: TransferState, wireNumber: number): number | undefined {
  // At most a window of candidates, and nearly always the last of them.
  for (let block = sent; block >= Math.max(acked, 0); block--) {
    if (wireBlock(block, terms.rollover) === wireNumber) return block;
  }
  return undefined;
}
