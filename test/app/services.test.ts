import pino from 'pino';
import { expect, test } from 'vitest';
import { Services } from '../../src/app/services.ts';

const silent = pino({ level: 'silent' });

test('services are closed in the reverse order of their start, each once', async () => {
  const services = new Services();
  const closed: string[] = [];
  for (const name of ['store', 'catalog', 'http'])
    services.add(name, { close: () => void closed.push(name) });
  await services.close();
  await services.close();
  expect(closed).toEqual(['http', 'catalog', 'store']);
});

test('if a service fails to close, the others are closed all the same, and its error is thrown', async () => {
  const services = new Services();
  const closed: string[] = [];
  services.add('store', { close: () => void closed.push('store') });
  services.add('http', { close: () => Promise.reject(new Error('stuck')) });
  await expect(services.close()).rejects.toThrow('stuck');
  expect(closed).toEqual(['store']);
});

test('if a service cannot reload, the others reload all the same', async () => {
  const services = new Services();
  const reloaded: string[] = [];
  const close = (): void => undefined;
  services.add('certificate', { close, reload: () => Promise.reject(new Error('no such file')) });
  services.add('counters', { close });
  services.add('catalog', { close, reload: () => void reloaded.push('catalog') });
  await services.reload(silent);
  expect(reloaded).toEqual(['catalog']);
});
