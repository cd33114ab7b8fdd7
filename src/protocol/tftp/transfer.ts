import { type BlockRollover, wireBlock } from './data-header.ts';
import { TftpError } from './packet.ts';

/** What a transfer goes by from its first packet to its last. Times are in milliseconds. */
export interface TransferTerms {
  /** DATA packets of the whole file, the short one at its end included; at least 1. */
  readonly blocks: number;
  readonly windowsize: number;
  /** Whether an OACK comes first. */
  readonly oack: boolean;
  readonly rollover: BlockRollover;
  /** The first wait before sending again. Grows by half each time, up to `retransmitMsMax`. */
  readonly retransmitMs: number;
  readonly retransmitSetByClient: boolean;
  readonly retransmitMsMax: number;
  /** How often the same is sent again to a client that has answered before. */
  readonly retriesMax: number;
  /** The whole transfer may not take longer. */
  readonly durationMsMax: number;
}

/** Where a transfer is. Blocks are counted from 1 without end; block 0 is the OACK. */
export interface TransferState {
  readonly terms: TransferTerms;
  /** The highest block that the client has; -1 while an OACK is not acknowledged. */
  readonly acked: number;
  /** The highest block that was sent. */
  readonly sent: number;
  /** The lowest block of those sent that waits for room in the socket (0 is the OACK); undefined if none does. */
  readonly unsent: number | undefined;
  /** Whether the client has answered from its port: until then it may be somebody else's address. */
  readonly confirmed: boolean;
  /** How often the timer has sent the same again. */
  readonly retries: number;
  /** How often repeated ACKs or requests have brought the same window again. */
  readonly rewinds: number;
  /** ACKs within a window that followed each other without one of a window's end. */
  readonly partialAcks: number;
  /** Packets sent more than once, in the whole transfer. */
  readonly resent: number;
  readonly lastSentMs: number;
  readonly lastProgressMs: number;
  /** When to step with a `tick`. */
  readonly deadlineMs: number;
  readonly endsAtMs: number;
  readonly ended: boolean;
}

export type TransferEvent =
  | { readonly kind: 'ack'; readonly block: number; readonly nowMs: number }
  | { readonly kind: 'error'; readonly code: number }
  /** The same request once more, from the same port. */
  | { readonly kind: 'request-repeated'; readonly nowMs: number }
  | { readonly kind: 'tick'; readonly nowMs: number }
  /** The socket had no room for a block, the OACK counted as 0. */
  | { readonly kind: 'no-room'; readonly block: number }
  /** There is room again. */
  | { readonly kind: 'room'; readonly nowMs: number }
  /** The file cannot be read any more, or is shorter than it was. */
  | { readonly kind: 'content-failed' }
  /** The server is full, and this client has not answered, or takes least. */
  | { readonly kind: 'displaced' }
  /** The server stops. */
  | { readonly kind: 'stop' };

/** How a transfer ended. */
export type TransferOutcome =
  | 'complete'
  /** Everything was sent, and the last ACK did not come: it was lost, or the client does not send it. */
  | 'unacknowledged'
  /** The client only wanted to know the size: edk2 and BIOS ROMs ask so before they ask for the file. */
  | 'declined'
  | 'aborted'
  /** Nothing ever came from the client's port. */
  | 'unconfirmed'
  | 'timed-out'
  | 'too-slow'
  | 'content-failed'
  | 'stopped';

export type TransferAction =
  | { readonly kind: 'send-oack' }
  /** Send `count` blocks from `first` on. */
  | { readonly kind: 'send-data'; readonly first: number; readonly count: number }
  | { readonly kind: 'send-error'; readonly code: number; readonly text: string }
  | { readonly kind: 'end'; readonly outcome: TransferOutcome };

export interface TransferStep {
  readonly state: TransferState;
  readonly actions: readonly TransferAction[];
}

/** Repeats within this time of a window tell of the window before it, or of one loss several times over. */
const REPEATED_MS = 50;
/** Windows sent again because of repeated packets, without progress between; after that only the timer sends. */
const REWINDS_MAX = 3;
/** After so many ACKs within a window in a row, the next one brings only what was not sent yet. */
const PARTIAL_ACKS_MAX = 3;
/** A client that has not answered yet may be a spoofed address: it gets one small packet a few times. */
const UNCONFIRMED_RETRIES_MAX = 3;
const BACKOFF = 1.5;
/** Without progress for this long a transfer ends; for two timeouts if the client has set one of more than half of it. */
const IDLE_MS_MAX = 60_000;

const TOO_SLOW = 'the transfer takes too long';
const DISPLACED = 'the server is full, and this transfer is the slowest; try again';
const NO_ACTIONS: readonly TransferAction[] = [];

/**
 * Begins a transfer with the OACK, or with the first DATA if there is nothing to acknowledge. A window is sent only
 * once the client has answered, so that a request with a forged source address moves no more than one packet.
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

/** What follows from an event. An ended transfer stays ended, and does nothing. */
export function step(state: TransferState, event: TransferEvent): TransferStep {
  if (state.ended) return { state, actions: NO_ACTIONS };
  switch (event.kind) {
    case 'ack':
      return onAck(state, event.block, event.nowMs);
    case 'error':
      // RFC 1350 section 5: an ERROR is neither answered nor acknowledged.
      return end(state, isDecline(state, event.code) ? 'declined' : 'aborted');
    case 'request-repeated':
      // Either the first answer was lost, or the client asked twice before it came.
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
  // Every field by name: this runs for every ACK, and copying all and then replacing most was 8 % of a busy server.
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
  // A client that takes one block a second and never falls silent ends here, and not by the timer.
  if (nowMs >= state.endsAtMs) return end(progressed, 'too-slow', TOO_SLOW);
  if (progressed.partialAcks > PARTIAL_ACKS_MAX && progressed.sent > state.sent) {
    return slide(progressed, state.sent, nowMs);
  }
  const actions = [currentWindow(progressed)];
  if (block === state.sent) return { state: progressed, actions };
  // RFC 7440 section 4: an ACK below the end of the window says that what follows it was lost.
  const left = state.unsent === undefined ? state.sent : state.unsent - 1;
  return { state: { ...progressed, resent: state.resent + Math.max(0, left - block) }, actions };
}

/**
 * Sends only what the window has new. A client that acknowledges every packet it does not wait for, as edk2 does, makes
 * one packet overtaken into a second copy of all that follow: each copy brings an ACK within the window, and that the
 * next copy. Left out once, that ends. If there was a loss after all, the same ACK comes again, or the timer soon.
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
 * With a window of one, a repeated ACK is never a reason to send: each would double all packets from there on, which is
 * known as the Sorcerer's Apprentice (RFC 1123 section 4.2.3.1). With more it is how a client says that the first block
 * of a window was lost (RFC 7440 section 4).
 */
function onRepeatedAck(state: TransferState, nowMs: number): TransferStep {
  return state.terms.windowsize === 1 ? { state, actions: NO_ACTIONS } : rewind(state, nowMs);
}

/** Sends again because the client asks for it, and not faster or more often than a client that means it would. */
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
  // The client cannot answer what has not left yet, and a second copy would only make the queue longer.
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

/** Sends what had no room, and not what went out before it. */
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

/** Whether a client ends a transfer because it only asked for the size: with code 8 (edk2) or 0 (ROMs), before any data. */
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
  // A client with a long timeout must not keep a transfer for minutes before it has said anything.
  const longest =
    terms.retransmitSetByClient && confirmed
      ? Math.max(terms.retransmitMs, terms.retransmitMsMax)
      : terms.retransmitMsMax;
  // Also the wait that the client has set grows: atftp waits as long from our last packet on before it says again what
  // it has, and would never come to it.
  return Math.min(terms.retransmitMs * BACKOFF ** retries, longest);
}

function currentWindow(state: TransferState): TransferAction {
  if (state.acked < 0) return { kind: 'send-oack' };
  return { kind: 'send-data', first: state.acked + 1, count: state.sent - state.acked };
}

/** Ends, and tells the client why if it has answered before. */
function end(state: TransferState, outcome: TransferOutcome, text?: string): TransferStep {
  const actions: TransferAction[] = [];
  if (text !== undefined && state.confirmed)
    actions.push({ kind: 'send-error', code: TftpError.undefined, text });
  actions.push({ kind: 'end', outcome });
  return { state: { ...state, ended: true }, actions };
}

/** The block that an ACK is for: of those sent and not acknowledged, or the last acknowledged; undefined for others. */
function matchBlock({ acked, sent, terms }: TransferState, wireNumber: number): number | undefined {
  // Never more than a window of candidates, and nearly always the last of them.
  for (let block = sent; block >= Math.max(acked, 0); block--) {
    if (wireBlock(block, terms.rollover) === wireNumber) return block;
  }
  return undefined;
}
