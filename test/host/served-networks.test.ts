import { describe, expect, test } from 'vitest';
import { ServedNetworks } from '../../src/host/served-networks.ts';

const DECLARED = ['203.0.113.0/24', '2001:db8:1::/64'];
const LOCAL = ['198.51.100.7/24', '2001:db8:2::7/64'];

describe('clients of served networks', () => {
  test.each([
    ['10.1.2.3', true],
    ['172.31.255.255', true],
    ['172.32.0.0', false],
    ['192.168.7.7', true],
    ['100.64.0.1', true],
    ['169.254.1.1', true],
    ['127.0.0.9', true],
    ['203.0.113.5', true],
    ['203.0.114.5', false],
    ['198.51.100.1', true],
    ['198.51.101.1', false],
    ['8.8.8.8', false],
    ['::1', true],
    ['fe80::1', true],
    ['fe80::1%eth0', true],
    ['fd00::1', true],
    ['2001:db8:1::9', true],
    ['2001:db8:2::9', true],
    ['2001:db8:3::9', false],
    ['', false],
    ['10.1.2', false],
    ['nonsense', false],
  ])('is %s: %s', (address, expected) => {
    const served = new ServedNetworks(
      DECLARED,
      () => 0,
      () => LOCAL,
    );
    // The second answer is remembered.
    expect([served.serves(address), served.serves(address)]).toEqual([expected, expected]);
  });
});

test('the networks of the host are read again after a second, and stay if they cannot be read', () => {
  let nowMs = 0;
  let list = (): string[] => [];
  let looks = 0;
  const served = new ServedNetworks(
    [],
    () => nowMs,
    () => (looks++, list()),
  );
  const asked = (): boolean => served.serves('198.51.100.1');
  expect([asked(), asked(), looks]).toEqual([false, false, 1]);
  list = () => ['198.51.100.7/24'];
  expect(asked()).toBe(false);
  nowMs = 1000;
  expect([asked(), looks]).toEqual([true, 2]);
  list = () => {
    throw new Error('EMFILE');
  };
  nowMs = 2000;
  expect([asked(), looks]).toEqual([true, 3]);
});

test('an invalid network is refused', () => {
  expect(() => new ServedNetworks(['10.0.0.0/33'], () => 0)).toThrow();
});
