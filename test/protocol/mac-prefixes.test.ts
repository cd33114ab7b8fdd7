import { expect, test } from 'vitest';
import { MacPrefixes, parseMacPrefix } from '../../src/protocol/mac-prefixes.ts';

test.each([
  ['00:1B:21', '00:1b:21'],
  ['00-1b-21', '00:1b:21'],
  ['001b21', '00:1b:21'],
  ['52', '52'],
  ['52:54:00:a1:9c:ae', '52:54:00:a1:9c:ae'],
  ['5254.00a1.9cae', '52:54:00:a1:9c:ae'],
  ['52:5', undefined],
  ['52:54:00:a1:9c:ae:00', undefined],
  ['switch', undefined],
  ['', undefined],
])('%j is %s', (text, expected) => {
  expect(parseMacPrefix(text)).toBe(expected);
});

test('a card is in the set by its address or by how that begins', () => {
  const cards = new MacPrefixes(['00:1b:21', '52:54:00:a1:9c:ae']);
  expect(['00:1b:21:00:00:01', '52:54:00:a1:9c:ae'].map((mac) => cards.has(mac))).toEqual([true, true]);
  expect(['00:1b:22:00:00:01', '52:54:00:a1:9c:af', ''].map((mac) => cards.has(mac))).toEqual([
    false,
    false,
    false,
  ]);
  expect([cards.isEmpty, new MacPrefixes().isEmpty, new MacPrefixes().has('00:1b:21:00:00:01')]).toEqual([
    false,
    true,
    false,
  ]);
});
