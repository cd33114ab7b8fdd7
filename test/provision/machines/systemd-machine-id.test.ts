import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemdMachineId } from '../../../src/provision/machines/systemd-machine-id.ts';

test('a machine-id never changes', () => {
  expect(systemdMachineId('node1')).toBe('b2f3661d42518997944efd8eb76183db');
});

test('whatever the id of the machine is, it is a UUID of version 8 without dashes', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(systemdMachineId(one)).toMatch(/^[0-9a-f]{12}8[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
      if (one !== other) expect(systemdMachineId(one)).not.toBe(systemdMachineId(other));
    }),
  );
});
