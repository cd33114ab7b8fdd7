import { expect, test } from 'vitest';
import { endOfWaiting } from '../../../src/provision/boot/end-waiting.ts';
import type { NoBootCause } from '../../../src/provision/boot/decide-boot.ts';

test.each<[NoBootCause, boolean, RegExp]>([
  ['held', true, /: railhead machines release n1$/],
  ['unarmed', true, /: railhead machines arm n1$/],
  ['unarmed', false, /: railhead machines approve n1 and then railhead machines arm n1$/],
  ['failed', true, /: railhead machines arm n1$/],
  ['loop_detected', true, /: railhead machines clear n1 and then railhead machines arm n1$/],
  ['no_profile', true, /^Write that profile\. It goes on by itself\.$/],
  ['unmatched', true, /^Write a group that selects it\./],
  ['unmatched', false, /: railhead machines approve n1 --group GROUP$/],
])('%s, declared: %s', (cause, declared, text) => {
  expect(endOfWaiting({ cause, machineId: 'n1', declared })).toMatch(text);
});

test('a machine that cannot be named in a command is told to be declared', () => {
  expect(endOfWaiting({ cause: 'unidentified', machineId: undefined, declared: false })).toBe(
    'Write a group, or add this machine to an inventory. It goes on by itself.',
  );
});
