import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  startTransfer,
  step,
  type TransferEvent,
  type TransferStep,
  type TransferTerms,
} from '../../../src/protocol/tftp/transfer.ts';
import { type Fate, simulate, SWIFT } from './transfer-channel.ts';

function termsOf(given: Partial<TransferTerms> = {}): TransferTerms {
  return {
    blocks: 10,
    windowsize: 1,
    oack: true,
    rollover: 0,
    retransmitMs: 1000,
    retransmitSetByClient: false,
    retransmitMsMax: 4000,
    retriesMax: 6,
    durationMsMax: 600_000,
    ...given,
  };
}

const ack = (block: number, nowMs = 10): TransferEvent => ({ kind: 'ack', block, nowMs });
const again = (nowMs: number): TransferEvent => ({ kind: 'request-repeated', nowMs });
const tick = (nowMs: number): TransferEvent => ({ kind: 'tick', nowMs });
const noRoom = (block: number): TransferEvent => ({ kind: 'no-room', block });
const room = (nowMs: number): TransferEvent => ({ kind: 'room', nowMs });
const failed: TransferEvent = { kind: 'error', code: 8 };

/** The actions in short form: `oack`, `3` or `3-6` for blocks, `error TEXT`, `end OUTCOME`. */
function describeActions({ actions }: TransferStep): string {
  return actions
    .map((action) => {
      if (action.kind === 'send-oack') return 'oack';
      if (action.kind === 'send-error') return `error ${action.text}`;
      if (action.kind === 'end') return `end ${action.outcome}`;
      const { count, first } = action;
      return count === 1 ? `${first}` : `${first}-${first + count - 1}`;
    })
    .join(', ');
}

/** All actions from the start on. */
function play(terms: Partial<TransferTerms>, events: readonly TransferEvent[]): string[] {
  let last = startTransfer(termsOf(terms), 0);
  const done = [describeActions(last)];
  for (const event of events) {
    last = step(last.state, event);
    done.push(describeActions(last));
  }
  return done;
}

/** A transfer after some events. */
function startedWith(...events: readonly TransferEvent[]) {
  return events.reduce((state, event) => step(state, event).state, startTransfer(termsOf({}), 0).state);
}

describe('one block at a time', () => {
  test.each<[string, Partial<TransferTerms>, TransferEvent[], string[]]>([
    ['with options', { blocks: 2 }, [ack(0), ack(1), ack(2)], ['oack', '1', '2', 'end complete']],
    ['without options', { blocks: 2, oack: false }, [ack(1), ack(2)], ['1', '2', 'end complete']],
    ['an empty file', { blocks: 1, oack: false }, [ack(1)], ['1', 'end complete']],
    ['after the end nothing is sent', { blocks: 1, oack: false }, [ack(1), ack(1), tick(9e9), failed], ['1', 'end complete', '', '', '']],
    // RFC 1123 section 4.2.3.1: the Sorcerer's Apprentice.
    ['a repeated ACK causes nothing', {}, [ack(0), ack(1), ack(1, 500), ack(1, 900)], ['oack', '1', '2', '', '']],
    ['a repeated ACK 0 causes nothing', {}, [ack(0), ack(0, 500)], ['oack', '1', '']],
    ['a late ACK causes nothing', {}, [ack(0), ack(1), ack(2), ack(0, 500), ack(1, 600)], ['oack', '1', '2', '3', '', '']],
    ['an ACK of a block that was not sent causes nothing', {}, [ack(0), ack(2), ack(9), ack(65_535)], ['oack', '1', '', '', '']],
    ['ACK 65535 and 1 in place of 0 cause nothing', {}, [ack(65_535), ack(1)], ['oack', '', '']],
    ['ACK 0 without OACK causes nothing', { oack: false }, [ack(0), ack(0, 500)], ['1', '', '']],
  ])('%s', (_name, terms, events, expected) => {
    expect(play(terms, events)).toEqual(expected);
  }); // prettier-ignore
});

describe('windows (RFC 7440)', () => {
  test.each<[string, Partial<TransferTerms>, TransferEvent[], string[]]>([
    ['advance with one ACK each', { windowsize: 4 }, [ack(0), ack(4), ack(8), ack(10)], ['oack', '1-4', '5-8', '9-10', 'end complete']],
    ['continue after the block before a gap', { windowsize: 4 }, [ack(0), ack(2), ack(6)], ['oack', '1-4', '3-6', '7-10']],
    ['are sent again when their first block was lost', { windowsize: 4 }, [ack(0), ack(0, 100)], ['oack', '1-4', '1-4']],
    ['are sent again once for all ACKs within 50 ms', { windowsize: 4 }, [ack(0, 0), ack(0, 100), ack(0, 110), ack(0, 149), ack(0, 150)], ['oack', '1-4', '1-4', '', '', '1-4']],
    ['are sent again at once only after 50 ms', { windowsize: 4 }, [ack(0, 0), ack(4, 100), ack(4, 149)], ['oack', '1-4', '5-8', '']],
    ['are sent again three times, then only by the timer', { windowsize: 4 }, [ack(0, 0), ...[100, 200, 300, 400, 500].map((at) => ack(0, at)), tick(1300)], ['oack', '1-4', '1-4', '1-4', '1-4', '', '', '1-4']],
    ['are sent again after progress', { windowsize: 2 }, [ack(0, 0), ...[100, 200, 300, 400].map((at) => ack(0, at)), ack(2, 500), ack(2, 600)], ['oack', '1-2', '1-2', '1-2', '1-2', '', '3-4', '3-4']],
    ['contain only unsent blocks at the fourth consecutive ACK within a window', { windowsize: 4, blocks: 100 }, [ack(0, 0), ...[1, 2, 3, 4].map((block) => ack(block, block)), ack(4, 5), ack(8, 6)], ['oack', '1-4', '2-5', '3-6', '4-7', '8', '5-8', '9-12']],
    ['end with an ACK within the last one', { windowsize: 64, blocks: 3 }, [ack(0), ack(1), ack(3)], ['oack', '1-3', '2-3', 'end complete']],
    ['are no larger than the file', { windowsize: 65_535, blocks: 2 }, [ack(0), ack(2)], ['oack', '1-2', 'end complete']],
  ])('%s', (_name, terms, events, expected) => {
    expect(play(terms, events)).toEqual(expected);
  }); // prettier-ignore
});

describe('a socket without space', () => {
  test.each<[string, Partial<TransferTerms>, TransferEvent[], string[]]>([
    ['continues where it stopped', { windowsize: 4 }, [ack(0), noRoom(3), noRoom(4), room(20), ack(4)], ['oack', '1-4', '', '', '3-4', '5-8']],
    ['continues once', { windowsize: 4 }, [ack(0), noRoom(3), room(20), room(30)], ['oack', '1-4', '', '3-4', '']],
    ['stops again, and continues there', { windowsize: 4 }, [ack(0), noRoom(2), room(20), noRoom(4), room(30)], ['oack', '1-4', '', '2-4', '', '4']],
    ['begins with the OACK', {}, [noRoom(0), room(20), ack(0)], ['oack', '', 'oack', '1']],
    ['begins with the first block', { oack: false }, [noRoom(1), room(20)], ['1', '', '1']],
    ['skips blocks that the client has received meanwhile', { windowsize: 4 }, [ack(0), noRoom(2), ack(3), noRoom(4), room(20)], ['oack', '1-4', '', '4-7', '', '4-7']],
    ['skips all blocks if the client has received them', { windowsize: 4 }, [ack(0), noRoom(4), ack(4), room(20)], ['oack', '1-4', '', '5-8', '']],
    ['does not send again by the timer what was not sent yet', { windowsize: 4 }, [ack(0, 0), noRoom(3), tick(1000), tick(1500), room(1700), tick(2699), tick(2700)], ['oack', '1-4', '', '', '', '3-4', '', '1-4']],
    ['ends after a minute', { windowsize: 4 }, [ack(0, 0), noRoom(3), tick(59_999), tick(61_000)], ['oack', '1-4', '', '', 'error timeout, end timed-out']],
    ['ends after a minute without an ERROR to a client that has not answered', {}, [noRoom(0), tick(59_999), tick(61_000)], ['oack', '', '', 'end unconfirmed']],
    ['does nothing for a transfer that has ended', { blocks: 1, oack: false }, [ack(1), noRoom(1), room(20)], ['1', 'end complete', '', '']],
  ])('%s', (_name, terms, events, expected) => {
    expect(play(terms, events)).toEqual(expected);
  }); // prettier-ignore
});

describe('a client that has not answered', () => {
  test('gets one small packet four times, and no ERROR', () => {
    const events = [999, 1000, 2499, 2500, 4749, 4750, 8124, 8125].map(tick);
    expect(play({ windowsize: 64 }, events)).toEqual(['oack', '', 'oack', '', 'oack', '', 'oack', '', 'end unconfirmed']);
    expect(play({ oack: false }, events)).toEqual(['1', '', '1', '', '1', '', '1', '', 'end unconfirmed']);
  }); // prettier-ignore

  test('cannot make the server wait longer with a timeout option', () => {
    const { state } = startTransfer(termsOf({ retransmitMs: 255_000, retransmitSetByClient: true }), 0);
    expect(state.deadlineMs).toBe(4000);
    expect(step(state, tick(4000)).state.deadlineMs).toBe(8000);
  });

  test('gets the packet again when it repeats its request, at most three times and not within 50 ms', () => {
    const events = [20, 49, 50, 99, 100, 200, 300, 400].map(again);
    expect(play({}, events)).toEqual(['oack', '', '', 'oack', '', 'oack', 'oack', '', '']);
  });

  test('gets nothing for a repeated request once it has answered', () => {
    expect(play({}, [ack(0), again(500)])).toEqual(['oack', '1', '']);
  });

  test('is ended with an ERROR if it has answered and is the slowest', () => {
    const { actions, state } = step(startedWith(ack(0)), { kind: 'displaced' });
    expect(actions).toEqual([
      {
        kind: 'send-error',
        code: 0,
        text: 'the server is full, and this transfer is the slowest; try again',
      },
      { kind: 'end', outcome: 'too-slow' },
    ]);
    expect(state.ended).toBe(true);
  });

  test('is ended without an ERROR when the server is full', () => {
    expect(play({}, [{ kind: 'displaced' }])).toEqual(['oack', 'end unconfirmed']);
  });
});

describe('the timer', () => {
  test('sends again after 1 s, each further wait half as long again up to 4 s, six times, and then sends an ERROR', () => {
    const waits: number[] = [];
    let { state } = step(startTransfer(termsOf({ windowsize: 4 }), 0).state, ack(0, 0));
    let done = '';
    for (let nowMs = 0; !state.ended; nowMs = state.deadlineMs) {
      if (nowMs > 0) {
        const ticked = step(state, tick(nowMs));
        state = ticked.state;
        done = describeActions(ticked);
        if (!state.ended) expect(done).toBe('1-4');
      }
      if (!state.ended) waits.push(state.deadlineMs - nowMs);
    }
    expect(waits).toEqual([1000, 1500, 2250, 3375, 4000, 4000, 4000]);
    expect(done).toBe('error timeout, end timed-out');
    expect(state.resent).toBe(24);
  });

  test('sends later each time also if the client has set a short wait, so that its own timer comes first once', () => {
    const terms = termsOf({ retransmitMs: 1000, retransmitSetByClient: true });
    let { state } = step(startTransfer(terms, 0).state, ack(0, 0));
    for (const at of [1000, 2500, 4750]) {
      expect(state.deadlineMs).toBe(at);
      state = step(state, tick(at)).state;
    }
  });

  test('uses the wait that the client has set', () => {
    let { state } = step(startTransfer(termsOf({ retransmitMs: 7000, retransmitSetByClient: true }), 0).state, ack(0, 0));
    for (const at of [7000, 14_000, 21_000]) {
      expect(state.deadlineMs).toBe(at);
      state = step(state, tick(at)).state;
    }
  }); // prettier-ignore

  test('starts again with every ACK that makes progress', () => {
    const { state } = step(startTransfer(termsOf(), 0).state, ack(0, 0));
    const late = step(step(state, tick(1000)).state, ack(1, 1200)).state;
    expect(late).toMatchObject({ retries: 0, deadlineMs: 2200 });
  });

  test('counts an unacknowledged last block as sent', () => {
    expect(play({ blocks: 2, retriesMax: 1 }, [ack(0), ack(1), tick(1010), tick(9000)]).at(-1)).toBe(
      'error timeout, end unacknowledged',
    );
  });

  test.each([
    ['a minute', 5000, 60_000],
    ['two waits of a client that waits long', 255_000, 510_000],
  ])(
    'ends a transfer without progress for %s, regardless of the number of attempts',
    (_name, retransmitMs, endsMs) => {
      const terms = termsOf({ retransmitMs, retransmitSetByClient: true, retriesMax: 1000 });
      let { state } = step(startTransfer(terms, 0).state, ack(0, 0));
      let nowMs = 0;
      while (!state.ended) {
        nowMs = state.deadlineMs;
        state = step(state, tick(nowMs)).state;
      }
      expect(nowMs).toBe(endsMs);
    },
  );

  test('ends a transfer that takes too long, even if it makes slow progress', () => {
    const terms = termsOf({ blocks: 1e6, durationMsMax: 60_000 });
    let { state } = step(startTransfer(terms, 0).state, ack(0, 0));
    let done = '';
    for (let block = 1; block <= 100 && !state.ended; block++) {
      const stepped = step(state, ack(block, block * 900));
      state = stepped.state;
      done = describeActions(stepped);
    }
    expect(done).toBe('error the transfer takes too long, end too-slow');
    expect(state.acked).toBe(67);
  });

  test('accepts the last ACK even if it is late', () => {
    expect(play({ blocks: 1, durationMsMax: 100 }, [ack(0), ack(1, 500)])).toEqual(['oack', '1', 'end complete']);
  }); // prettier-ignore
});

describe('ends', () => {
  test.each<[string, Partial<TransferTerms>, TransferEvent[], string]>([
    ['ERROR in place of the first ACK, as edk2 asks for a size', {}, [failed], 'end declined'],
    ['ERROR after ACK 0, as some ROMs do', {}, [ack(0), failed], 'end declined'],
    ['ERROR after ACK 0 that reports a full disk', {}, [ack(0), { kind: 'error', code: 3 }], 'end aborted'],
    ['silence of a client that has acknowledged none of two blocks', { blocks: 2, windowsize: 4, retriesMax: 0 }, [ack(0), tick(9000)], 'error timeout, end timed-out'],
    ['silence of a client that has acknowledged nothing of the only block', { blocks: 1, retriesMax: 0 }, [ack(0), tick(9000)], 'error timeout, end unacknowledged'],
    ['ERROR without options', { oack: false }, [failed], 'end aborted'],
    ['ERROR later', {}, [ack(0), ack(1), failed], 'end aborted'],
    ['a file that cannot be read', {}, [ack(0), { kind: 'content-failed' }], 'error the file cannot be read any more, end content-failed'],
    ['a stop', {}, [ack(0), { kind: 'stop' }], 'error the server is stopping, end stopped'],
    ['a stop before the client has answered', {}, [{ kind: 'stop' }], 'end stopped'],
  ])('%s', (_name, terms, events, expected) => {
    expect(play(terms, events).at(-1)).toBe(expected);
  }); // prettier-ignore
});

const CLIENTS = [
  { timeoutMs: 1000, repeats: 'always' },
  { timeoutMs: 4000, repeats: 'once' },
] as const;
const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('through a good network', () => {
  test.each([
    ['512 bytes per block up to the last block number', 65_535, 1, 0],
    ['65535 x 512 + 1 bytes', 65_536, 1, 0],
    ['65536 x 512 bytes, whose last block is empty', 65_537, 1, 0],
    ['40 MiB in windows', 81_921, 64, 0],
    ['40 MiB in windows, to a client that continues with block 1', 81_921, 64, 1],
    ['two rollovers', 140_000, 64, 0],
    ['two rollovers, to a client that continues with block 1', 140_000, 7, 1],
  ] as const)('%s: every block once', (_name, blocks, windowsize, rollover) => {
    const { dataSent, outcome, taken } = simulate(termsOf({ blocks, windowsize, rollover }), CLIENTS[0], []);
    expect(outcome).toBe('complete');
    expect(dataSent).toBe(blocks);
    expect(taken.length === blocks && taken.every((block, index) => block === index + 1)).toBe(true);
  });

  test.each([
    ['at 4 GiB with 512 bytes per block', 2 ** 23],
    ['at 2^32 blocks', 2 ** 32],
    ['at 2^33 blocks less 7', 2 ** 33 - 7],
  ])('the end of a large file, %s', (_name, blocks) => {
    const terms = termsOf({ blocks, windowsize: 16 });
    const { outcome, taken } = simulate(terms, CLIENTS[0], [], blocks - 70_000);
    expect(outcome).toBe('complete');
    expect(taken).toHaveLength(70_000);
    expect(taken.at(-1)).toBe(blocks);
  });
});

describe('through a bad network', () => {
  const delayMs = fc.oneof(fc.constant(0), fc.nat({ max: 30 }), fc.nat({ max: 300 }));
  const fate: fc.Arbitrary<Fate> = fc.record({
    copies: fc.constantFrom(1 as const, 1 as const, 1 as const, 0 as const, 2 as const),
    delayMs: fc.tuple(delayMs, delayMs),
  });

  test('every file arrives whole and in order, although packets are lost, duplicated or reordered', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 4, 16, 64),
        fc.integer({ min: 1, max: 150 }),
        fc.boolean(),
        fc.constantFrom(0 as const, 1 as const),
        // Some begin shortly before the block numbers roll over.
        fc.constantFrom(0, 65_500, 2 ** 32 - 40),
        fc.constantFrom(...CLIENTS),
        fc.array(fate, { maxLength: 200 }),
        (windowsize, count, oack, rollover, from, client, fates) => {
          const terms = termsOf({ blocks: from + count, windowsize: oack ? windowsize : 1, oack, rollover });
          const { dataSent, outcome, state, taken } = simulate(terms, client, fates, from);
          // All answers of a client may be lost before the first one arrives; nothing else ends a transfer.
          if (outcome === 'unconfirmed' && !state.confirmed) return;
          // A client that has received everything and repeats its last ACK once may lose that one too.
          const silent = client.repeats === 'once' && taken.length === count;
          expect(outcome).toBe(silent && outcome === 'unacknowledged' ? 'unacknowledged' : 'complete');
          expect(taken).toEqual(upTo(from + count, from + 1));
          // A lost or delayed packet costs at most a window, once for each side that misses it.
          expect(dataSent).toBeLessThanOrEqual(count + 3 * terms.windowsize * (fates.length + 1));
          expect(state.ended).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([2, 4, 16, 64])(
    'in windows of %d, one late or duplicated packet does not cause duplicates of all that follow',
    (windowsize) => {
      const before = Array.from({ length: 40 }, () => SWIFT);
      for (const client of CLIENTS) {
        for (const odd of [
          { copies: 1, delayMs: [2, 2] },
          { copies: 2, delayMs: [0, 3] },
        ] as const) {
          const terms = termsOf({ blocks: 5000, windowsize });
          const { dataSent, outcome } = simulate(terms, client, [...before, odd]);
          expect(outcome).toBe('complete');
          expect(dataSent).toBeLessThan(5000 + 4 * windowsize);
        }
      }
    },
  );

  test('one block at a time, a duplicated packet causes no further duplicates: no Sorcerer’s Apprentice', () => {
    const doubled: Fate = { copies: 2, delayMs: [0, 40] };
    fc.assert(
      fc.property(fc.array(fc.constantFrom(doubled, SWIFT), { maxLength: 200 }), (fates) => {
        const { dataSent, outcome } = simulate(termsOf({ blocks: 60 }), CLIENTS[0], fates);
        expect([outcome, dataSent]).toEqual(['complete', 60]);
      }),
    );
  });

  test('after any events a transfer ends, and its windows are within the file and no larger than agreed', () => {
    const event: fc.Arbitrary<(nowMs: number) => TransferEvent> = fc.oneof(
      fc.nat({ max: 70 }).map((block) => (nowMs: number) => ack(block, nowMs)),
      fc.nat({ max: 65_535 }).map((block) => (nowMs: number) => ack(block, nowMs)),
      fc.nat({ max: 70 }).map((block) => () => noRoom(block)),
      fc.constant(room),
      fc.constant(again),
      fc.constant(tick),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(1, 4, 64),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.tuple(event, fc.nat({ max: 3000 })), { maxLength: 60 }),
        (windowsize, blocks, events) => {
          const terms = termsOf({ windowsize, blocks, durationMsMax: 30_000 });
          let { actions, state } = startTransfer(terms, 0);
          let nowMs = 0;
          const check = (): void => {
            for (const action of actions) {
              if (action.kind !== 'send-data') continue;
              expect(action.first).toBeGreaterThan(state.acked);
              expect(action.count).toBeGreaterThanOrEqual(1);
              expect(action.count).toBeLessThanOrEqual(windowsize);
              expect(action.first + action.count - 1).toBeLessThanOrEqual(
                Math.min(blocks, state.acked + windowsize),
              );
            }
          };
          for (const [make, laterMs] of events) {
            nowMs += laterMs;
            const before = state.acked;
            ({ actions, state } = step(state, make(nowMs)));
            expect(state.acked).toBeGreaterThanOrEqual(before);
            check();
          }
          for (let ticks = 0; !state.ended; ticks++) {
            expect(ticks).toBeLessThan(100);
            ({ actions, state } = step(state, tick(state.deadlineMs)));
            check();
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
