import { createHmac, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import pino from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Counters } from '../../src/limits/counters.ts';
import { WebhookDestination, type WebhookTiming } from '../../src/webhooks/webhook-destination.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';
import { type Answering, type ReceiverCertificate, taking, TestReceiver } from './test-receiver.ts';
import { makeCertificate } from '../support/make-certificate.ts';

// Deliveries to a real HTTP server that is slow, fails, closes the connection or is not running.

const SECRET = Buffer.alloc(32, 7);
const TYPE = 'lease.bound';
/** Retries follow each other without a noticeable wait. */
const AT_ONCE: Partial<WebhookTiming> = { retryMsMin: 1, retryMsMax: 1 };

interface Rig {
  readonly webhooks: Webhooks;
  readonly destinations: readonly WebhookDestination[];
  readonly counters: Counters;
  readonly lines: Record<string, unknown>[];
  /** Sends an event with this number. */
  readonly send: (number: number) => void;
  /** The secret that a reload reads. */
  readonly keys: { secret: Uint8Array; ca?: string };
}

const rigs: Rig[] = [];
const receivers: TestReceiver[] = [];
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close();
  for (const { webhooks } of rigs.splice(0)) await webhooks.close();
});

async function receiverThat(answer: Answering, port = 0, tls?: ReceiverCertificate): Promise<TestReceiver> {
  const receiver = await TestReceiver.start(answer, port, tls);
  receivers.push(receiver);
  return receiver;
}

function start(
  urls: readonly URL[],
  timing: Partial<WebhookTiming> = AT_ONCE,
  { nowMs = () => performance.now(), queueMax }: { nowMs?: () => number; queueMax?: number } = {},
): Rig {
  const counters = new Counters();
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const clock = { now: () => new Date('2026-03-01T12:00:00Z'), nowMs };
  const keys: Rig['keys'] = { secret: SECRET };
  const destinations = urls.map(
    (url) =>
      new WebhookDestination({
        url,
        readCredentials: () => ({ ...keys }),
        counters,
        log,
        clock,
        timing,
        ...(queueMax !== undefined && { queueMax }),
      }),
  );
  const webhooks = new Webhooks(
    destinations.map((destination) => ({ types: new Set([TYPE]), destination })),
    clock,
    randomUUID,
  );
  const send = (number: number): void => webhooks.send({ type: TYPE, data: { number } });
  const rig: Rig = { webhooks, destinations, counters, lines, send, keys };
  rigs.push(rig);
  return rig;
}

const outcomes = ({ counters }: Rig): Record<string, number> =>
  Object.fromEntries(counters.list().get('webhook_deliveries') ?? []);

const idle = ({ destinations }: Rig): Promise<void> =>
  vi.waitFor(
    () => expect(destinations.map(({ pending }) => pending)).toEqual(destinations.map(() => 0)),
    10_000,
  );

test('an event is sent once, signed, with its id and its time', async () => {
  const receiver = await receiverThat(taking);
  const rig = start([receiver.url]);
  rig.send(1);
  rig.webhooks.send({ type: 'machine.report', data: {} });
  await idle(rig);
  expect(receiver.received).toHaveLength(1);
  const [{ body, headers, method }] = receiver.received as [(typeof receiver.received)[0]];
  expect(method).toBe('POST');
  expect(JSON.parse(body)).toEqual({
    type: TYPE,
    timestamp: '2026-03-01T12:00:00.000Z',
    data: { number: 1 },
  });
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'webhook-timestamp': '1772366400',
    'webhook-id': expect.stringMatching(/^msg_[0-9a-f-]{36}$/) as string,
  });
  const signed = `${String(headers['webhook-id'])}.1772366400.${body}`;
  expect(headers['webhook-signature']).toBe(
    `v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`,
  );
  expect(outcomes(rig)).toEqual({ delivered: 1 });
});

test('events arrive in order over one connection', async () => {
  const receiver = await receiverThat(taking);
  const rig = start([receiver.url]);
  for (let number = 0; number < 100; number++) rig.send(number);
  await idle(rig);
  expect(receiver.numbers).toEqual(Array.from({ length: 100 }, (_, number) => number));
  expect(receiver.connections).toBe(1);
});

describe('failures that are tried again until the event arrives, with the same id, before later events', () => {
  test.each<[name: string, fail: Answering]>([
    ['an error of the receiver', (response) => response.writeHead(500).end('broken')],
    ['a receiver that is busy', (response) => response.writeHead(429).end()],
    ['a connection that is closed without an answer', (_response, _index, socket) => socket.destroy()],
    ['a connection that is reset', (_response, _index, socket) => socket.resetAndDestroy()],
    ['no answer within the time limit', () => undefined],
  ])('%s', async (_, fail) => {
    const receiver = await receiverThat((...args) => (args[1] < 3 ? fail : taking)(...args));
    const rig = start([receiver.url], { ...AT_ONCE, timeoutMs: 100 });
    rig.send(1);
    rig.send(2);
    await idle(rig);
    expect(receiver.numbers).toEqual([1, 1, 1, 1, 2]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
    expect(outcomes(rig)).toEqual({ failed: 3, delivered: 2 });
    expect(
      rig.lines.filter(({ msg }) => msg === 'a webhook delivery failed and is tried again'),
    ).toHaveLength(1);
  });

  test('a receiver that is not running', async () => {
    const gone = await receiverThat(taking);
    const { port, url } = gone;
    await gone.close();
    const rig = start([url]);
    rig.send(1);
    await vi.waitFor(() => expect(outcomes(rig)['failed']).toBeGreaterThan(2), 10_000);
    expect(rig.lines[0]).toMatchObject({
      receiver: url.host,
      reason: expect.stringContaining('ECONNREFUSED') as string,
    });
    const back = await receiverThat(taking, port);
    await idle(rig);
    expect(back.numbers).toEqual([1]);
  });
});

describe('answers after which an event is dropped at once, so that later events arrive', () => {
  test.each([
    [400, 'the receiver answered 400'],
    [404, 'the receiver answered 404'],
    [302, 'the receiver answered 302, and redirects are not followed'],
  ])('%i', async (status, reason) => {
    const elsewhere = await receiverThat(taking);
    const receiver = await receiverThat((response, index, socket) => {
      if (index > 0) taking(response, index, socket);
      else response.writeHead(status, { location: elsewhere.url.href }).end();
    });
    const rig = start([receiver.url]);
    rig.send(1);
    rig.send(2);
    await idle(rig);
    expect(receiver.numbers).toEqual([1, 2]);
    expect(elsewhere.received).toEqual([]);
    expect(outcomes(rig)).toEqual({ refused: 1, delivered: 1 });
    expect(rig.lines).toMatchObject([{ level: 50, receiver: receiver.url.host, reason }]);
  });
});

test('an endless answer only ends its connection', async () => {
  const receiver = await receiverThat((response) => {
    const flood = (): void => void (response.destroyed || response.write(Buffer.alloc(16 * 1024), flood));
    response.writeHead(200);
    flood();
  });
  const rig = start([receiver.url]);
  rig.send(1);
  rig.send(2);
  await idle(rig);
  expect(outcomes(rig)).toEqual({ delivered: 2 });
  expect(receiver.connections).toBe(2);
});

test('a receiver that never answers does not delay others, and its queue is limited', async () => {
  const stuck = await receiverThat(() => undefined);
  const other = await receiverThat(taking);
  const rig = start([stuck.url, other.url], {}, { queueMax: 10 });
  for (let number = 0; number < 10; number++) rig.send(number);
  await vi.waitFor(() => expect(other.numbers).toHaveLength(10), 10_000);
  for (let number = 10; number < 20; number++) rig.send(number);
  await vi.waitFor(() => expect(other.numbers).toHaveLength(20), 10_000);
  expect(stuck.received).toHaveLength(1);
  // One is being sent, ten wait, and the nine oldest of the others were dropped.
  expect(rig.destinations[0]?.pending).toBe(11);
  expect(outcomes(rig)).toEqual({ delivered: 20, queue_full: 9 });
});

test('events that are too old are dropped', async () => {
  let nowMs = 0;
  const receiver = await receiverThat((response) => response.writeHead(503).end());
  const rig = start([receiver.url], { ...AT_ONCE, ageMsMax: 60_000 }, { nowMs: () => nowMs });
  rig.send(1);
  await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(2), 10_000);
  nowMs = 60_001;
  await idle(rig);
  expect(outcomes(rig)).toMatchObject({ too_old: 1 });
});

test('a reload reads the new secret, and sends waiting events at once', async () => {
  const receiver = await receiverThat((response, index, socket) => {
    if (index === 0) response.writeHead(503).end();
    else taking(response, index, socket);
  });
  const rig = start([receiver.url], { retryMsMin: 3_600_000, retryMsMax: 3_600_000 });
  rig.send(1);
  await vi.waitFor(() => expect(outcomes(rig)).toEqual({ failed: 1 }), 10_000);
  rig.keys.secret = Buffer.alloc(32, 8);
  rig.webhooks.reload();
  await idle(rig);
  const [before, after] = receiver.received;
  expect(before?.headers['webhook-id']).toBe(after?.headers['webhook-id']);
  expect(before?.headers['webhook-signature']).not.toBe(after?.headers['webhook-signature']);
});

test('at the end of the program events that have not arrived are counted and logged', async () => {
  const receiver = await receiverThat((response) => response.writeHead(503).end());
  const rig = start([receiver.url], { retryMsMin: 3_600_000, retryMsMax: 3_600_000 });
  for (let number = 0; number < 5; number++) rig.send(number);
  await vi.waitFor(() => expect(outcomes(rig)).toEqual({ failed: 1 }), 10_000);
  await rig.webhooks.close();
  expect(outcomes(rig)).toEqual({ failed: 1, stopped: 5 });
  expect(rig.lines.at(-1)).toMatchObject({ level: 40, deliveries: 5 });
});

test('an HTTPS receiver is trusted with the certificates in ca_file, and not without them', async () => {
  const tls = makeCertificate();
  const receiver = await receiverThat(taking, 0, tls);
  const rig = start([receiver.url], { retryMsMin: 3_600_000, retryMsMax: 3_600_000 });
  rig.send(1);
  await vi.waitFor(() => expect(outcomes(rig)).toEqual({ failed: 1 }), 10_000);
  expect(rig.lines).toMatchObject([{ reason: expect.stringMatching(/self-signed certificate/i) as string }]);
  expect(receiver.received).toEqual([]);
  rig.keys.ca = tls.cert;
  rig.webhooks.reload();
  await idle(rig);
  expect(receiver.numbers).toEqual([1]);
});
