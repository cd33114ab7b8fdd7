import { expect, test } from 'vitest';
import { BootOrigins } from '../../src/app/boot-origins.ts';

const at = (host: string, port: number): { host: string; port: number } => ({ host, port });

test.each([
  ['one listener for all addresses', [at('0.0.0.0', 8080)], '10.0.1.2', 'http://10.0.1.2:8080'],
  ['one for all addresses of both families', [at('::', 80)], '10.0.1.2', 'http://10.0.1.2:80'],
  [
    'the listener of the address, not the first',
    [at('10.0.1.2', 80), at('10.0.2.2', 8080)],
    '10.0.2.2',
    'http://10.0.2.2:8080',
  ],
  [
    'the listener of the address before the one of all',
    [at('0.0.0.0', 8080), at('10.0.1.2', 80)],
    '10.0.1.2',
    'http://10.0.1.2:80',
  ],
  ['an address without a listener', [at('10.0.1.2', 80)], '10.0.9.9', 'http://10.0.1.2:80'],
])('%s', (_what, listen, address, origin) => {
  expect(new BootOrigins({ listen }).originFor(address)).toBe(origin);
});

test('with port 0 the origin has the port that the kernel chose', () => {
  const origins = new BootOrigins({ listen: [at('0.0.0.0', 0)] });
  origins.listensOn([at('0.0.0.0', 41_234)]);
  expect(origins.originFor('10.0.1.2')).toBe('http://10.0.1.2:41234');
});

test('http.public_url is used if it is set', () => {
  const origins = new BootOrigins({ listen: [at('10.0.1.2', 80)], public_url: 'https://boot.example.com' });
  expect(origins.originFor('10.0.1.2')).toBe('https://boot.example.com');
});
