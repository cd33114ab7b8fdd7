import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { type Ipv4Address, ipv4ToNumber } from '../../../../src/protocol/ipv4-address.ts';
import type { TftpPeer } from '../../../../src/server/tftp/transfers/transfer-port.ts';
import {
  loadBatchedCalls,
  type PortRange,
  TransferPorts,
} from '../../../../src/server/tftp/transfers/transfer-ports.ts';
import { TurnBudget } from '../../../../src/server/tftp/transfers/turn-budget.ts';

const loopback = '127.0.0.1' as Ipv4Address;
const peer: TftpPeer = { address: loopback, port: 2070 };
const ignore = (): void => undefined;

let close = ignore;
afterEach(() => close());

let nowMs = 0;
const strangers: TftpPeer[] = [];

async function open(range?: PortRange): Promise<TransferPorts> {
  nowMs = 1000;
  strangers.length = 0;
  const ports = await TransferPorts.open(loopback, range, await loadBatchedCalls(), {
    now: () => nowMs,
    turn: new TurnBudget(() => nowMs),
    onStranger: (_port, _bytes, from) => strangers.push(from),
    onError: (error) => expect.unreachable(error.message),
  });
  close = () => ports.close();
  return ports;
}

describe('the port of a transfer', () => {
  test('is never one that the peer is using, and preferably one that it has not used recently', async () => {
    const ports = await open();
    const chosen = [1, 2, 3, 4].map(() => {
      const port = ports.choose(peer)!;
      port.join(peer, ignore);
      nowMs++;
      return port;
    });
    expect(new Set(chosen).size).toBe(4);
    expect(ports.choose(peer)).toBeUndefined();
    // Another peer can still use all of them.
    expect(chosen).toContain(ports.choose({ ...peer, port: 2071 }));
    for (const at of [2, 0, 3]) {
      chosen[at]!.leave(peer, ignore);
      nowMs++;
    }
    expect(ports.choose(peer)).toBe(chosen[2]);
  });

  test('is shared by up to 250 transfers before the next is used; when all are full, the one with the fewest is used', async () => {
    const ports = await open();
    const peers = Array.from({ length: 1003 }, (_, at) => ({ ...peer, port: 1000 + at }));
    const chosen = peers.map((one) => {
      const port = ports.choose(one)!;
      port.join(one, ignore);
      return port;
    });
    const [first, second, third, fourth] = [...new Set(chosen)];
    expect([first, second, third, fourth].map((one) => one!.transfers)).toEqual([251, 251, 251, 250]);
    expect([0, 249, 250, 500, 750].map((at) => chosen[at])).toEqual([first, first, second, third, fourth]);
    second!.leave(peers[250]!, ignore);
    second!.leave(peers[251]!, ignore);
    expect(ports.choose(peer)).toBe(second);
  });

  test('gets late packets for a while, which are ignored', async () => {
    const port = (await open()).choose(peer)!;
    const taken: number[] = [];
    const take = (bytes: Uint8Array): number => taken.push(bytes.length);
    port.join(peer, take);
    const send = (): void => port.take(new Uint8Array(4), ipv4ToNumber(peer.address), peer.port);
    send();
    port.leave(peer, take);
    nowMs += 9_999;
    send();
    expect([taken.length, strangers.length]).toEqual([1, 0]);
    nowMs++;
    send();
    expect(taken).toHaveLength(1);
    expect(strangers).toEqual([peer]);
  });

  test('belongs to the transfer that began last', async () => {
    const port = (await open()).choose(peer)!;
    const taken: string[] = [];
    const [first, second] = ['first', 'second'].map((name) => () => void taken.push(name)) as [
      () => void,
      () => void,
    ];
    port.join(peer, first);
    port.join(peer, second);
    port.leave(peer, first);
    port.take(new Uint8Array(4), ipv4ToNumber(peer.address), peer.port);
    expect(taken).toEqual(['second']);
  });

  test('is in the configured range, skipping ports of other programs; an error reports that there is none', async () => {
    const other = createSocket('udp4').bind(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { port } = other.address();
      await expect(open({ first: port, last: port })).rejects.toThrow(/port is taken/);
      const ports = await open({ first: port, last: port + 5 });
      expect(ports.choose(peer)).toBeDefined();
    } finally {
      other.close();
    }
  });
});
