import { expect, test } from 'vitest';
import { ReadinessChecks } from '../../src/app/readiness-checks.ts';

test('a server is ready when no part gives a reason against it', () => {
  const readiness = new ReadinessChecks();
  const part: { problem?: string } = {};
  readiness.add(() => undefined);
  readiness.add(() => part.problem);
  expect(readiness.check()).toEqual({ ready: true, reasons: [] });
  part.problem = 'the store cannot be written';
  readiness.add(() => 'no catalog');
  expect(readiness.check()).toEqual({ ready: false, reasons: ['the store cannot be written', 'no catalog'] });
});

test('a part may say several things, or none', () => {
  const readiness = new ReadinessChecks();
  const waiting: string[] = [];
  readiness.add(() => waiting);
  expect(readiness.check()).toEqual({ ready: true, reasons: [] });
  waiting.push(
    'dhcp is not served on eth1 yet: it does not exist',
    'dhcp is not served on eth2 yet: it is down',
  );
  expect(readiness.check()).toEqual({ ready: false, reasons: waiting });
});
