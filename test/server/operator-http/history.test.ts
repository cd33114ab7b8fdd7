import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StreamItem } from '../../../src/history/event-stream.ts';
import { LogTail } from '../../../src/history/log-tail.ts';
import { TransitionLog } from '../../../src/history/transition-log.ts';
import type { MacAddress } from '../../../src/protocol/mac-address.ts';
import type { AuditEntry, AuditQuery, NewAuditEntry } from '../../../src/store/audit-store.ts';
import type { BootEventQuery, StoredBootEvent } from '../../../src/store/event-store.ts';
import { RefusalAudit } from '../../../src/server/operator-http/refusal-audit.ts';
import { StreamCounts } from '../../../src/server/operator-http/stream/stream-counts.ts';
import { FakeTransitionStore } from '../../fakes/fake-transition-store.ts';
import { type AccessRig, accessRig, ask, AUTHORISED, OperatorRig } from './operator-rig.ts';

const MAC = '52:54:00:00:00:01' as MacAddress;
const AT = new Date('2026-03-01T08:00:00.000Z');

const rig = new OperatorRig();
let events: StoredBootEvent[];
let audit: AuditEntry[];
let transitions: FakeTransitionStore;
let log: TransitionLog;
let bootEvents: LogTail<StreamItem>;
let auditTail: LogTail<StreamItem>;
let access: AccessRig;
let streams: StreamCounts;
let origin: string;

/** The entries of a list that is sorted by id, as the store finds them. */
function inRange<T extends { id: number }>(
  all: readonly T[],
  { afterId = 0, beforeId = Infinity, limit }: { afterId?: number; beforeId?: number; limit: number },
  newestFirst: boolean,
): T[] {
  const found = all.filter(({ id }) => id > afterId && id < beforeId);
  return newestFirst ? found.reverse().slice(0, limit) : found.slice(0, limit);
}

const listEvents = (query: BootEventQuery): Promise<StoredBootEvent[]> => {
  const fitting = events.filter(
    (one) =>
      (query.mac === undefined || one.mac === query.mac) &&
      (query.macs === undefined || query.macs.includes(one.mac!)) &&
      (query.sessionId === undefined || one.sessionId === query.sessionId),
  );
  if (query.afterId !== undefined) return Promise.resolve(inRange(fitting, query, false));
  return Promise.resolve(inRange(fitting, query, true).reverse());
};
const listAudit = (query: AuditQuery): Promise<AuditEntry[]> =>
  Promise.resolve(
    inRange(
      audit.filter(({ target }) => query.target === undefined || target === query.target),
      query,
      query.afterId === undefined,
    ),
  );
const item = (
  type: 'audit' | 'boot_event',
  id: number,
  kind: string,
  more: Partial<StreamItem> = {},
): StreamItem => ({
  id,
  type,
  kind,
  json: JSON.stringify({ id }),
  ...more,
});
const rangeOf = (all: readonly { id: number }[]) => {
  const [first, last] = [all[0], all.at(-1)];
  return Promise.resolve(first && last && { first: first.id, last: last.id });
};

beforeEach(async () => {
  events = [];
  audit = [];
  transitions = new FakeTransitionStore();
  log = new TransitionLog(transitions);
  bootEvents = new LogTail<StreamItem>({
    readAfter: async (afterId, limit) =>
      (await listEvents({ afterId, limit })).map(({ id, kind, mac, machineId }) =>
        item('boot_event', id, kind, { mac, machineId }),
      ),
    findRange: () => rangeOf(events),
  });
  auditTail = new LogTail<StreamItem>({
    readAfter: async (afterId, limit) =>
      (await listAudit({ afterId, limit })).map(({ id, target, verb }) =>
        item('audit', id, verb, { machineId: target }),
      ),
    findRange: () => rangeOf(audit),
  });
  access = await accessRig();
  streams = new StreamCounts();
  const refusals = new RefusalAudit({
    append: (entry) => {
      noteAudit(entry);
      return Promise.resolve();
    },
    now: () => AT,
    nowMs: () => 0,
  });
  origin = `${await rig.start({
    ...access,
    history: {
      events: { listEvents },
      sessions: {
        listSessions: () => Promise.resolve([]),
        findSession: (id) =>
          Promise.resolve(
            id === 's1'
              ? {
                  id,
                  mac: MAC,
                  startedAt: AT,
                  lastAt: AT,
                  steps: [],
                  diagnosis: { verdict: 'done', text: 'booted' },
                }
              : undefined,
          ),
      },
      transitions,
      audit: { listAudit },
    },
    stream: {
      bootEvents,
      audit: auditTail,
      transitions: log,
      toItem: ({ kind, machineId, number }) => ({
        id: number,
        type: 'transition',
        kind,
        machineId,
        json: JSON.stringify({ number }),
      }),
    },
    streams,
    auditRefusal: refusals.note,
    cardsOf: (id) => (id === 'node1' ? [MAC] : undefined),
    hasLabel: (id, name, value) => id === 'node1' && name === 'rack' && value === '7',
    asOf: () => `e${bootEvents.last}.t${log.last}.a${auditTail.last}`,
  })}/api/v1`;
});
afterEach(async () => {
  log.close();
  bootEvents.close();
  auditTail.close();
  await rig.close();
});

function noteEvents(count: number, more: Partial<StoredBootEvent> = {}): void {
  for (let index = 0; index < count; index++) {
    events.push({
      id: (events.at(-1)?.id ?? 0) + 1,
      sessionId: 's1',
      at: AT,
      kind: 'ipxe.sent',
      mac: MAC,
      machineId: 'node1',
      summary: 'sent',
      detail: {},
      ...more,
    });
  }
  bootEvents.noteWritten();
}
function noteAudit(entry: NewAuditEntry): void {
  audit.push({ ...entry, id: audit.length + 1 });
  auditTail.noteWritten();
}
const change = (machineId = 'node1') =>
  log.announcing(transitions).machines.applyMachineChanges([
    {
      kind: 'delete',
      source: 'files',
      id: machineId,
      transition: { at: AT, machineId, kind: 'machine.gone', source: 'files', detail: {} },
    },
  ]);

/** An open stream, and what came over it. */
class Reader {
  readonly text: string[] = [];
  #response: IncomingMessage | undefined;
  #news: (() => void) | undefined;

  static async open(query = '', headers: Record<string, string> = {}): Promise<Reader> {
    const reader = new Reader();
    const request = get(`${origin}/events/stream${query}`, {
      headers: { ...AUTHORISED, ...headers },
      agent: false,
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toMatch(/^text\/event-stream/);
    reader.#response = response;
    response.setEncoding('utf8').on('data', (text: string) => {
      reader.text.push(text);
      reader.#news?.();
    });
    response.on('error', () => undefined);
    return reader;
  }

  /** Each event as `type data`. */
  get events(): string[] {
    return [...this.text.join('').matchAll(/event: (\w+)\ndata: (.*)\n/g)].map(
      ([, type, data]) => `${type} ${data}`,
    );
  }

  get lastId(): string {
    return [...this.text.join('').matchAll(/^id: (\S+)$/gm)].at(-1)?.[1] ?? '';
  }

  async until(count: number): Promise<string[]> {
    while (this.events.length < count) await new Promise<void>((resolve) => (this.#news = resolve));
    return this.events;
  }

  close(): void {
    this.#response?.destroy();
  }
}

describe('a stream', () => {
  test('sends events, transitions and the audit, each in its order', async () => {
    const reader = await Reader.open();
    noteEvents(2);
    await change();
    noteAudit({
      at: AT,
      actor: 'token:anna',
      verb: 'arm',
      target: 'node1',
      reason: '',
      outcome: 'done',
      detail: {},
    });
    const got = await reader.until(4);
    expect(got.filter((one) => one.startsWith('boot_event'))).toEqual([
      'boot_event {"id":1}',
      'boot_event {"id":2}',
    ]);
    expect([...got].sort()).toEqual([
      'audit {"id":1}',
      'boot_event {"id":1}',
      'boot_event {"id":2}',
      'transition {"number":1}',
    ]);
    expect(reader.lastId).toBe('e2.t1.a1');
    reader.close();
  });

  test('goes on where it was lost: nothing is missing and nothing comes twice', async () => {
    const seen: string[] = [];
    let place = { 'last-event-id': 'e0.t0.a0' };
    for (let round = 0; round < 5; round++) {
      const reader = await Reader.open('?types=boot_event,transition', place);
      noteEvents(3);
      await change();
      seen.push(...(await reader.until(4)));
      place = { 'last-event-id': reader.lastId };
      reader.close();
      // What happens while nobody listens.
      noteEvents(2);
      await change();
    }
    const rest = await Reader.open('?types=boot_event,transition', place);
    seen.push(...(await rest.until(3)));
    rest.close();
    const of = (type: string) => seen.filter((one) => one.startsWith(type));
    expect(of('boot_event')).toEqual(
      Array.from({ length: 25 }, (_, index) => `boot_event {"id":${index + 1}}`),
    );
    expect(of('transition')).toEqual(
      Array.from({ length: 10 }, (_, index) => `transition {"number":${index + 1}}`),
    );
  });

  test('begins after the as_of of a list', async () => {
    noteEvents(3);
    await bootEvents.refresh();
    const { as_of: asOf } = (await (await ask(`${origin}/events`)).json()) as { as_of: string };
    noteEvents(1);
    const reader = await Reader.open(`?after=${asOf}`);
    expect(await reader.until(1)).toEqual(['boot_event {"id":4}']);
    reader.close();
  });

  test('says where entries were deleted, and goes on after them', async () => {
    noteEvents(10);
    events.splice(0, 6);
    const reader = await Reader.open('?after=e2.t0.a0&types=boot_event');
    const got = await reader.until(2);
    expect(got.slice(0, 2)).toEqual(['resync {"type":"boot_event"}', 'boot_event {"id":7}']);
    reader.close();
  });

  test('with a position that this server never had says so', async () => {
    noteEvents(1);
    await bootEvents.refresh();
    const reader = await Reader.open('?after=e99.t99.a99');
    const got = await reader.until(3);
    expect([...got].sort()).toEqual([
      'resync {"type":"audit"}',
      'resync {"type":"boot_event"}',
      'resync {"type":"transition"}',
    ]);
    noteEvents(1);
    expect(await reader.until(4)).toContain('boot_event {"id":2}');
    reader.close();
  });

  test.each([
    ['?machine=node2', ['boot_event {"id":2}', 'transition {"number":2}']],
    ['?mac=52-54-00-00-00-02', ['boot_event {"id":2}']],
    ['?kind=dhcp.ack', ['boot_event {"id":3}']],
    ['?types=transition', ['transition {"number":1}', 'transition {"number":2}']],
    ['?label=rack%3D7&types=boot_event', ['boot_event {"id":1}', 'boot_event {"id":3}']],
  ])('%s sends only what was asked for', async (query, wanted) => {
    const reader = await Reader.open(query);
    noteEvents(1);
    noteEvents(1, { mac: '52:54:00:00:00:02' as MacAddress, machineId: 'node2' });
    noteEvents(1, { kind: 'dhcp.ack' });
    await change('node1');
    await change('node2');
    const got = await reader.until(wanted.length);
    expect([...got].sort()).toEqual(wanted);
    reader.close();
  });

  test('sends the audit only to whoever may read it', async () => {
    const { text } = await access.tokens.create(
      { name: 'v', role: 'viewer', networks: [] },
      { name: 'x', permissions: new Set() },
    );
    const viewer = await Reader.open('', { authorization: `Bearer ${text}` });
    noteAudit({ at: AT, actor: 'a', verb: 'arm', target: 'node1', reason: '', outcome: 'done', detail: {} });
    await auditTail.refresh();
    noteEvents(1);
    expect(await viewer.until(1)).toEqual(['boot_event {"id":1}']);
    viewer.close();
  });

  test('is refused with a position that is none, and beyond the limit', async () => {
    expect((await ask(`${origin}/events/stream?after=yesterday`)).status).toBe(400);
    const readers: Reader[] = [];
    for (let index = 0; index < 250; index++) readers.push(await Reader.open());
    const refused = await ask(`${origin}/events/stream`);
    expect([refused.status, await refused.json()]).toMatchObject([429, { code: 'too_many_streams' }]);
    for (const reader of readers) reader.close();
    await expect.poll(() => streams.open, { timeout: 5_000 }).toBe(0);
  });

  test('a reader that takes nothing holds up nobody, and costs a bounded amount', async () => {
    const big = JSON.stringify({ text: 'x'.repeat(10_000) });
    bootEvents.close();
    const request = get(`${origin}/events/stream?types=transition`, { headers: AUTHORISED, agent: false });
    const [stuck] = (await once(request, 'response')) as [IncomingMessage];
    stuck.pause();
    const reader = await Reader.open('?types=transition');
    expect(big.length).toBeGreaterThan(10_000);
    for (let index = 0; index < 500; index++) await change();
    expect(await reader.until(500)).toHaveLength(500);
    stuck.destroy();
    reader.close();
  });
});

describe('lists', () => {
  test('of events come page by page, the newest first, and after an id the oldest first', async () => {
    noteEvents(5);
    const ids = async (query: string) => {
      const page = (await (await ask(`${origin}/events${query}`)).json()) as {
        items: { id: number }[];
        next_cursor: string | null;
      };
      return [page.items.map(({ id }) => id), page.next_cursor] as const;
    };
    const [first, cursor] = await ids('?limit=2');
    expect(first).toEqual([5, 4]);
    const [second, next] = await ids(`?limit=2&cursor=${cursor}`);
    expect(second).toEqual([3, 2]);
    expect(await ids(`?limit=2&cursor=${next}`)).toEqual([[1], null]);
    expect(await ids('?after=2&limit=2')).toEqual([[3, 4], null]);
  });

  test('of one machine have the events of its network cards', async () => {
    noteEvents(1);
    noteEvents(1, { mac: '52:54:00:00:00:02' as MacAddress });
    const page = (await (await ask(`${origin}/machines/node1/events`)).json()) as { items: unknown[] };
    expect(page.items).toMatchObject([{ id: 1, mac: MAC, session: 's1', at: AT.toISOString() }]);
    expect((await ask(`${origin}/machines/nobody/events`)).status).toBe(404);
  });

  test('a boot is shown with its events', async () => {
    noteEvents(2);
    noteEvents(1, { sessionId: 's2' });
    const boot = await (await ask(`${origin}/sessions/s1`)).json();
    expect(boot).toMatchObject({ id: 's1', verdict: 'done', events: [{ id: 1 }, { id: 2 }] });
    expect((await ask(`${origin}/sessions/s9`)).status).toBe(404);
  });

  test('of transitions come page by page', async () => {
    for (let index = 0; index < 3; index++) await change(index === 1 ? 'node2' : 'node1');
    const page = (await (await ask(`${origin}/transitions?limit=2`)).json()) as {
      items: object[];
      next_cursor: string;
    };
    expect(page.items).toMatchObject([{ number: 3 }, { number: 2, machine: 'node2' }]);
    const rest = (await (await ask(`${origin}/transitions?cursor=${page.next_cursor}`)).json()) as object;
    expect(rest).toMatchObject({ items: [{ number: 1 }], next_cursor: null });
    const own = (await (await ask(`${origin}/transitions?machine=node2`)).json()) as { items: object[] };
    expect(own.items).toMatchObject([{ number: 2 }]);
  });
});

describe('the audit', () => {
  const post = (path: string, headers: Record<string, string> = AUTHORISED) =>
    fetch(`${origin}${path}`, { method: 'POST', headers });

  test('has what was refused: by whom, from where, what and why', async () => {
    const { text } = await access.tokens.create(
      { name: 'v', role: 'viewer', networks: [] },
      { name: 'x', permissions: new Set() },
    );
    const viewer = { authorization: `Bearer ${text}` };
    await post('/machines/node1/hold', viewer);
    await post('/machines/nobody/hold', AUTHORISED);
    await post('/machines/node1/hold', {});
    await ask(`${origin}/tokens`, { headers: viewer });
    // Who only looks, and is not known or finds nothing, is in the log and not in the audit.
    await fetch(`${origin}/machines`);
    await ask(`${origin}/machines/nobody`);
    expect(audit.map(({ actor, outcome, target, verb }) => [actor, verb, target, outcome])).toEqual([
      ['token:v', 'holdMachine', 'node1', 'denied'],
      ['token:file', 'holdMachine', 'nobody', 'refused'],
      ['unknown', 'holdMachine', 'node1', 'denied'],
      ['token:v', 'listTokens', 'tokens', 'denied'],
    ]);
    expect(audit[0]).toMatchObject({
      address: '127.0.0.1',
      requestId: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      detail: { code: 'forbidden', why: 'token:v lacks the permission machines:operate' },
    });
  });

  test('is not filled by a flood', async () => {
    for (let index = 0; index < 100; index++) await post('/machines/nobody/hold', {});
    expect(audit).toHaveLength(60);
  });

  test('is listed, filtered, and exported line by line', async () => {
    for (const target of ['node1', 'node2', 'node1']) {
      noteAudit({
        at: AT,
        actor: 'a',
        verb: 'arm',
        target,
        reason: 'r',
        outcome: 'done',
        detail: { from: 'ready' },
      });
    }
    const page = (await (await ask(`${origin}/audit?target=node1&limit=1`)).json()) as {
      items: object[];
      next_cursor: string;
    };
    expect(page).toMatchObject({ items: [{ id: 3, target: 'node1', detail: { from: 'ready' } }] });
    expect(await (await ask(`${origin}/audit?target=node1&cursor=${page.next_cursor}`)).json()).toMatchObject(
      {
        items: [{ id: 1 }],
        next_cursor: null,
      },
    );
    const exported = await ask(`${origin}/audit/export?target=node1`);
    expect(exported.headers.get('content-type')).toMatch(/^application\/x-ndjson/);
    const lines = (await exported.text()).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: number }).id)).toEqual([1, 3]);
  });

  test.each(['since=yesterday', 'outcome=maybe', 'limit=0', 'colour=red'])('refuses ?%s', async (query) => {
    expect((await ask(`${origin}/audit?${query}`)).status).toBe(400);
  });
});
