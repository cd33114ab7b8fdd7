import { expect, test } from 'vitest';
import { ReadinessChecks } from '../../src/app/readiness-checks.ts';

test('a server is ready when no part gives a reason against it', () => {
  const readiness = new ReadinessChecks();
  const part: { problem?: string } = {};
  readiness.add('catalog', () => undefined);
  readiness.add('store', () => part.problem);
  expect(readiness.check()).toMatchObject({ ready: true, reasons: [] });
  part.problem = 'the store cannot be written';
  readiness.add('catalog', () => 'no catalog');
  expect(readiness.check()).toEqual({
    ready: false,
    reasons: ['no catalog', 'the store cannot be written'],
    parts: [
      { part: 'catalog', reasons: ['no catalog'] },
      { part: 'store', reasons: ['the store cannot be written'] },
    ],
  });
});

test('a part may say several things, or none', () => {
  const readiness = new ReadinessChecks();
  const waiting: string[] = [];
  readiness.started('DHCP', () => waiting);
  expect(readiness.check()).toMatchObject({ ready: true, reasons: [] });
  waiting.push(
    'dhcp is not served on eth1 yet: it does not exist',
    'dhcp is not served on eth2 yet: it is down',
  );
  expect(readiness.check()).toMatchObject({ ready: false, reasons: waiting });
});

test('a server is not ready until every part that the settings ask for was started', () => {
  const readiness = new ReadinessChecks();
  readiness.expect(['HTTP', 'TFTP', 'DHCP']);
  readiness.started('HTTP');
  expect(readiness.check().reasons).toEqual(['TFTP is still starting', 'DHCP is still starting']);
  readiness.started('TFTP', () => 'tftp does not listen on 10.0.2.1 yet');
  readiness.started('DHCP', () => []);
  expect(readiness.check().reasons).toEqual(['tftp does not listen on 10.0.2.1 yet']);
});

test('a server that stops is not ready', () => {
  const readiness = new ReadinessChecks();
  readiness.stopping();
  expect(readiness.check()).toEqual({ ready: false, reasons: ['the server is stopping'], parts: [] });
});
