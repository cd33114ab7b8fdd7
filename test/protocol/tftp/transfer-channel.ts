import { wireBlock } from '../../../src/protocol/tftp/data-header.ts';
import {
  startTransfer,
  step,
  type TransferEvent,
  type TransferOutcome,
  type TransferState,
  type TransferStep,
  type TransferTerms,
} from '../../../src/protocol/tftp/transfer.ts';

/** What happens to one packet in the network. */
export interface Fate {
  readonly copies: 0 | 1 | 2;
  /** The delay of each copy, which can reorder packets. */
  readonly delayMs: readonly [first: number, second: number];
}

/** The behaviour of the client, where clients differ. */
export interface ClientModel {
  /** After this long without a packet it sends its last ACK again. */
  readonly timeoutMs: number;
  /** Whether an unexpected packet causes its last ACK to be sent again, each time or once until there is progress. */
  readonly repeats: 'always' | 'once';
}

/** The result of a simulated transfer. */
export interface Simulated {
  readonly outcome: TransferOutcome | undefined;
  /**
   * The blocks that the client received, in order, counted as the server does, so that mistaken numbers are visible.
   */
  readonly taken: readonly number[];
  readonly dataSent: number;
  readonly state: TransferState;
}

/** A good network: a delay of a millisecond, no loss. */
export const SWIFT: Fate = { copies: 1, delayMs: [1, 1] };
/** Consecutive losses; with more even a good transfer may end. */
const LOST_IN_A_ROW_MAX = 2;
const EVENTS_MAX = 1_000_000;

type Arrival =
  | { readonly at: number; readonly to: 'server'; readonly event: (nowMs: number) => TransferEvent }
  | { readonly at: number; readonly to: 'client'; readonly block: number; readonly last: boolean }
  | { readonly at: number; readonly to: 'client-timer'; readonly armed: number };

/**
 * Simulates a transfer from block `from` on (0: from its start) with a model client, in simulated time. Packets in both
 * directions take their fates from `fates` in order; when those are used up, the network is a good one.
 */
export function simulate(
  terms: TransferTerms,
  client: ClientModel,
  fates: readonly Fate[],
  from = 0,
): Simulated {
  const queue: Arrival[] = [];
  const taken: number[] = [];
  const lostInARow = { server: 0, client: 0 };
  let nowMs = 0;
  let fateIndex = 0;
  let dataSent = 0;
  let outcome: TransferOutcome | undefined;
  let next = from + 1;
  let inWindow = 0;
  let told = false;
  let armed = 0;

  const put = (arrival: Arrival): void => {
    // Kept in order of time; simultaneous packets stay in the order of sending.
    let index = queue.length;
    while (index > 0 && queue[index - 1]!.at > arrival.at) index--;
    queue.splice(index, 0, arrival);
  };
  const send = (to: 'server' | 'client', arrive: (at: number) => Arrival): void => {
    const { copies: wanted, delayMs } = fates[fateIndex++] ?? SWIFT;
    let copies = wanted;
    if (copies === 0 && ++lostInARow[to] > LOST_IN_A_ROW_MAX) copies = 1;
    if (copies > 0) lostInARow[to] = 0;
    for (let copy = 0; copy < copies; copy++) put(arrive(nowMs + 1 + delayMs[copy]!));
  };
  const acknowledge = (): void => {
    const block = wireBlock(next - 1, terms.rollover);
    send('server', (at) => ({ at, to: 'server', event: (arrivedMs) => ({ kind: 'ack', block, nowMs: arrivedMs }) }));
    inWindow = 0;
    put({ at: nowMs + client.timeoutMs, to: 'client-timer', armed: ++armed });
  }; // prettier-ignore

  const receive = (block: number, last: boolean): void => {
    const number = wireBlock(block, terms.rollover);
    if (taken.at(-1) !== terms.blocks && number === wireBlock(next, terms.rollover) && block !== 0) {
      taken.push(block);
      next++;
      told = false;
      if (++inWindow === terms.windowsize || last) acknowledge();
      return;
    }
    // An OACK, a block after a gap, or an earlier block.
    if (client.repeats === 'once' && told) return;
    told = true;
    acknowledge();
  };

  const perform = ({ actions }: TransferStep): void => {
    for (const action of actions) {
      if (action.kind === 'send-oack') {
        send('client', (at) => ({ at, to: 'client', block: 0, last: false }));
      } else if (action.kind === 'send-data') {
        for (let block = action.first; block < action.first + action.count; block++) {
          dataSent++;
          send('client', (at) => ({ at, to: 'client', block, last: block === terms.blocks }));
        }
      } else if (action.kind === 'end') {
        outcome = action.outcome;
      }
    }
  };

  let { state, actions } = startTransfer(terms, 0);
  if (from > 0) {
    const sent = Math.min(from + terms.windowsize, terms.blocks);
    state = { ...state, acked: from, sent, confirmed: true };
    actions = [{ kind: 'send-data', first: from + 1, count: sent - from }];
  }
  perform({ state, actions });
  for (let events = 0; outcome === undefined; events++) {
    if (events === EVENTS_MAX) throw new Error('the simulation does not end');
    const arrival = queue[0];
    if (arrival === undefined || arrival.at >= state.deadlineMs) {
      nowMs = state.deadlineMs;
      const ticked = step(state, { kind: 'tick', nowMs });
      state = ticked.state;
      perform(ticked);
      continue;
    }
    queue.shift();
    nowMs = arrival.at;
    if (arrival.to === 'client') receive(arrival.block, arrival.last);
    else if (arrival.to === 'server') {
      const stepped = step(state, arrival.event(nowMs));
      state = stepped.state;
      perform(stepped);
    } else if (arrival.armed === armed && taken.at(-1) !== terms.blocks) acknowledge();
  }
  return { outcome, taken, dataSent, state };
}
