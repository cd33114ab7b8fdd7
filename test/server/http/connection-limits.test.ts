import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ConnectionLimits } from '../../../src/server/http/connection-limits.ts';

/** The parts of a connection that the limits use. */
class FakeConnection extends EventEmitter {
  readonly remoteAddress: string;
  destroyed = false;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  resetAndDestroy(): void {
    this.destroy();
  }
}

function start(total: number, perSource: number) {
  const clock = { ms: 0 };
  const limits = new ConnectionLimits({ total, perSource }, () => clock.ms);
  const open = (address: string): FakeConnection & Socket => {
    const connection = new FakeConnection(address) as FakeConnection & Socket;
    limits.admit(connection);
    return connection;
  };
  return { clock, limits, open };
}

test('one address has a maximum number of connections, and may open a new one for each that it closes', () => {
  const { limits, open } = start(10, 3);
  const [first] = [open('10.0.0.1'), open('10.0.0.1'), open('10.0.0.1')];
  expect(open('10.0.0.1').destroyed).toBe(true);
  expect(open('10.0.0.2').destroyed).toBe(false);
  first.destroy();
  expect(open('10.0.0.1').destroyed).toBe(false);
  expect(open('10.0.0.1').destroyed).toBe(true);
  expect(limits.total).toBe(4);
});

test('when all connections are used, the one that has been idle for longest is closed', () => {
  const { clock, limits, open } = start(3, 3);
  const [working, half, kept] = [open('10.0.0.1'), open('10.0.0.2'), open('10.0.0.3')];
  limits.begin(working);
  limits.begin(kept);
  clock.ms = 500;
  limits.end(kept);
  clock.ms = 2_000;
  expect(open('10.0.0.4').destroyed).toBe(false);
  expect([working.destroyed, half.destroyed, kept.destroyed]).toEqual([false, true, false]);
  expect(open('10.0.0.5').destroyed).toBe(false);
  expect([working.destroyed, kept.destroyed]).toEqual([false, true]);
  expect(limits.total).toBe(3);
});

test('a new connection is not closed for another', () => {
  const { clock, open } = start(1, 1);
  const first = open('10.0.0.1');
  clock.ms = 999;
  expect(open('10.0.0.2').destroyed).toBe(true);
  expect(first.destroyed).toBe(false);
});

test('connections with requests in progress are never closed for new ones', () => {
  const { clock, limits, open } = start(2, 2);
  for (const connection of [open('10.0.0.1'), open('10.0.0.2')]) limits.begin(connection);
  clock.ms = 60_000;
  expect(open('10.0.0.3').destroyed).toBe(true);
});
