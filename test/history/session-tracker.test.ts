import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { SessionTracker } from '../../src/history/session-tracker.ts';
import type { Ipv4Address } from '../../src/protocol/ipv4-address.ts';
import type { MacAddress } from '../../src/protocol/mac-address.ts';
import type { BootEvent, BootEventKind } from '../../src/provision/history/boot-event.ts';
import type { BootSessionSummary } from '../../src/provision/history/session-progress.ts';
import { StoreError } from '../../src/store/store-error.ts';

const MAC = '52:54:00:00:00:01' as MacAddress;
const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

let nowMs: number;
let told: BootEvent[];
let stored: Map<string, BootSessionSummary>;
let failing: Error | undefined;
let tracker: SessionTracker;
let times: [string, number][];

beforeEach(() => {
  nowMs = START_MS;
  told = [];
  stored = new Map();
  failing = undefined;
  times = [];
  tracker = new SessionTracker({
    store: {
      recordSessions: (sessions) => {
        if (failing !== undefined) return Promise.reject(failing);
        for (const session of sessions) stored.set(session.id, session);
        return Promise.resolve();
      },
    },
    events: {
      record: (event) => {
        told.push(event);
        return true;
      },
    },
    log: pino({ level: 'silent' }),
    now: () => new Date(nowMs),
    times: {
      phaseEnded: (phase, seconds) => times.push([phase, seconds]),
      ended: (outcome, seconds) => times.push([`boot ${outcome}`, seconds]),
    },
  });
});

const step = (
  kind: BootEventKind,
  detail: BootEvent['detail'] = {},
  address = '10.0.0.11',
  sessionId = 's1',
): void =>
  tracker.note({
    sessionId,
    at: new Date(nowMs),
    kind,
    mac: MAC,
    machineId: 'node1',
    address: address as Ipv4Address,
    summary: kind,
    detail,
  });

const later = (seconds: number): void => {
  nowMs += seconds * 1000;
};

describe('the times of a boot', () => {
  it('are told for each phase, and for the whole when its config was sent; it may get stuck first', () => {
    step('dhcp.ack');
    later(4);
    step('ipxe.sent');
    later(1);
    step('ipxe.sent');
    expect(tracker.moving).toBe(1);
    later(3600);
    tracker.look();
    tracker.look();
    step('http.asset');
    later(6);
    step('ignition.sent');
    later(10);
    step('machine.report', { status: 'ok' });
    expect(times).toEqual([
      ['dhcp', 4],
      ['boot stuck', 5],
      ['script', 3601],
      ['kernel', 6],
      ['boot done', 3611],
      ['ignition', 10],
    ]);
    expect(tracker.moving).toBe(0);
  });

  it('are not told for a lease alone: that is an installed system', () => {
    step('dhcp.ack');
    later(3600);
    tracker.look();
    expect(times).toEqual([]);
  });
});

describe('a boot session', () => {
  it('is stored with its phases, their times and the machine', async () => {
    for (const kind of [
      'dhcp.ack',
      'tftp.sent',
      'ipxe.sent',
      'http.asset',
      'http.asset',
      'ignition.sent',
    ] as const) {
      step(kind);
      later(1);
    }
    step('machine.report');
    await tracker.close();
    expect(stored.get('s1')).toMatchObject({
      id: 's1',
      machineId: 'node1',
      mac: MAC,
      address: '10.0.0.11',
      startedAt: new Date(START_MS),
      lastAt: new Date(START_MS + 6000),
      phase: 'report',
      diagnosis: { verdict: 'done' },
    });
    expect(stored.get('s1')?.steps.map(({ at, phase }) => [phase, (at.getTime() - START_MS) / 1000])).toEqual(
      [
        ['dhcp', 0],
        ['tftp', 1],
        ['script', 2],
        ['kernel', 3],
        ['initrd', 4],
        ['ignition', 5],
        ['report', 6],
      ],
    );
    expect(told).toEqual([]);
  });

  it('that goes no further is found to be stuck, without anyone asking, once', () => {
    step('dhcp.ack');
    step('ipxe.sent');
    later(59);
    tracker.look();
    expect(told).toEqual([]);
    later(2);
    tracker.look();
    later(60);
    tracker.look();
    expect(told).toMatchObject([
      {
        kind: 'boot.stuck',
        mac: MAC,
        machineId: 'node1',
        summary: 'ipxe.sent; no download of a kernel within 60 s',
        detail: { phase: 'script', advice: expect.stringContaining('kernel URL') as string },
      },
    ]);
    expect(tracker.find('s1')?.diagnosis.verdict).toBe('stuck');
  });

  it('that goes on after all is moving again, and can get stuck once more', () => {
    step('ipxe.sent');
    later(61);
    tracker.look();
    step('http.asset');
    expect(tracker.find('s1')?.diagnosis.verdict).toBe('moving');
    later(301);
    tracker.look();
    expect(told.map(({ kind }) => kind)).toEqual(['boot.stuck', 'boot.stuck']);
  });

  it('of an installation that is not reported as done is stuck after half an hour', () => {
    step('machine.report', { status: 'progress' });
    later(1801);
    tracker.look();
    expect(told[0]?.summary).toBe('machine.report; no report that the installation is done within 1800 s');
  });

  it('that the machine reports as failed has failed', () => {
    step('machine.report', { status: 'failed' });
    expect(tracker.find('s1')?.diagnosis.verdict).toBe('failed');
  });
});

describe('a step out of order', () => {
  it('is an Ignition config that is fetched without a script', () => {
    step('dhcp.ack');
    step('ignition.sent');
    expect(told).toMatchObject([
      {
        kind: 'boot.out_of_order',
        summary: 'the Ignition config was fetched although no boot script was sent to this machine before',
      },
    ]);
  });

  it('is a document that is fetched from another address than the script', () => {
    step('ipxe.sent');
    step('metadata.sent', {}, '10.0.0.66');
    expect(told).toMatchObject([
      {
        kind: 'boot.other_address',
        address: '10.0.0.66',
        summary: 'the metadata was fetched from 10.0.0.66, but the boot script was sent to 10.0.0.11',
      },
    ]);
  });

  it('is no fetch of the machine itself', () => {
    step('ipxe.sent');
    step('ignition.sent');
    step('generic.sent');
    expect(told).toEqual([]);
  });
});

describe('many sessions', () => {
  it('are followed within a limit, and those without events for the longest time are forgotten', () => {
    for (let index = 0; index <= 20_000; index++) step('dhcp.ack', {}, '10.0.0.11', `s${index}`);
    expect(tracker.find('s0')).toBeUndefined();
    expect(tracker.find('s1')).toBeDefined();
  });

  it('that cannot be stored are not kept for later', async () => {
    failing = new StoreError('disk', 'the disk is gone');
    step('dhcp.ack');
    tracker.look();
    await tracker.close();
    failing = undefined;
    step('tftp.sent');
    await tracker.close();
    expect(stored.get('s1')?.phase).toBe('tftp');
  });
});
