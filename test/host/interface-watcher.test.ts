import pino from 'pino';
import { expect, test } from 'vitest';
import { InterfaceWatcher } from '../../src/host/interface-watcher.ts';
import { listNetworkInterfaces, type NetworkInterface } from '../../src/host/network-interfaces.ts';
import type { Ipv4Address } from '../../src/protocol/ipv4-address.ts';

const eth = (name: string): NetworkInterface => ({
  name,
  index: 2,
  addresses: ['10.0.1.2' as Ipv4Address],
  loopback: false,
});

function watch(list: () => NetworkInterface[]): { watcher: InterfaceWatcher; logged: string[] } {
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => logged.push((JSON.parse(line) as { msg: string }).msg) });
  return { watcher: new InterfaceWatcher(log, list), logged };
}

test('followers are called with the interfaces until they unsubscribe', async () => {
  let now = [eth('eth0')];
  const { watcher } = watch(() => now);
  const told: string[] = [];
  const unfollow = watcher.follow((interfaces) =>
    Promise.resolve(void told.push(interfaces.map(({ name }) => name).join())),
  );
  now = [eth('eth0'), eth('eth1')];
  await watcher.look();
  unfollow();
  await watcher.look();
  expect(told).toEqual(['eth0,eth1']);
});

test('a follower that fails is logged, and the others are called all the same', async () => {
  const { watcher, logged } = watch(() => [eth('eth0')]);
  let told = 0;
  watcher.follow(() => Promise.reject(new Error('no')));
  watcher.follow(() => Promise.resolve(void told++));
  await watcher.look();
  expect([told, logged.length]).toEqual([1, 1]);
});

test('if the kernel lists nothing for a while, that is logged once, and the known interfaces stay', async () => {
  let list = (): NetworkInterface[] => [eth('eth0')];
  const { watcher, logged } = watch(() => list());
  list = () => {
    throw new Error('EMFILE');
  };
  await watcher.look();
  await watcher.look();
  expect(watcher.interfaces).toEqual([eth('eth0')]);
  expect(logged).toEqual(['the network interfaces cannot be listed; trying again']);
});

test('this host has its loopback interface', () => {
  expect(listNetworkInterfaces()).toContainEqual(
    expect.objectContaining({ name: 'lo', index: 1, loopback: true, addresses: ['127.0.0.1'] }),
  );
});
