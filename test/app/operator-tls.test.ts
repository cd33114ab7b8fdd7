import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect } from 'node:tls';
import pino from 'pino';
import { expect, test } from 'vitest';
import { startApp } from '../../src/app/app.ts';
import { transportTo } from '../../src/cli/server/transport.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { formatEndpoint } from '../../src/protocol/endpoint.ts';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { PARTS_WITHOUT_THREADS } from '../fakes/parts-without-threads.ts';
import { makeCertificate } from '../support/make-certificate.ts';

test('the API is served over TLS, with the certificate that the files have', async () => {
  const tree = catalogTree({ 'groups/g.yaml': '' });
  const [first, second] = [makeCertificate(60), makeCertificate(60)];
  const write = ({ cert, key }: typeof first): void => {
    writeFileSync(path.join(tree, 'api.crt'), cert);
    writeFileSync(path.join(tree, 'api.key'), key);
  };
  write(first);
  const app = await startApp({
    settings: settingsSchema.parse({
      catalog: { dir: tree, watch: false },
      http: { listen: ['127.0.0.1:0'] },
      operator: {
        listen: '127.0.0.1:0',
        socket: null,
        tls: { cert_file: path.join(tree, 'api.crt'), key_file: path.join(tree, 'api.key') },
      },
      store: { file: path.join(tree, 'store.db') },
    }),
    log: pino({ level: 'silent' }),
    parts: PARTS_WITHOUT_THREADS,
  });
  const { endpoint, scheme, tokenFile } = app.operator!;
  expect(scheme).toBe('https');
  const url = new URL(`https://${formatEndpoint(endpoint)}`);
  const token = readFileSync(tokenFile, 'utf8').trim();
  const ask = (ca?: string, place = url) =>
    transportTo({ kind: 'url', url: place, token, ca })({ method: 'GET', path: '/api/v1/me', headers: {} });

  expect(await ask(first.cert)).toMatchObject({ status: 200, body: { name: 'token:file' } });
  await expect(ask()).rejects.toThrow('name the authority with --ca-file');
  await expect(ask(undefined, new URL(`http://${url.host}`))).rejects.toThrow();
  const signIn = await new Promise<string>((resolve, reject) => {
    const body = JSON.stringify({ token });
    const socket = connect(
      { host: endpoint.host, port: endpoint.port, ca: first.cert, maxVersion: 'TLSv1.2' },
      () => {
        socket.write(
          `POST /api/v1/session HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
        );
      },
    );
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
    socket.on('end', () => resolve(text)).on('error', reject);
  });
  expect(signIn).toMatch(/^Set-Cookie: railhead_session=.*; Secure/im);
  await expect(
    new Promise((resolve, reject) => {
      const socket = connect(
        {
          host: endpoint.host,
          port: endpoint.port,
          ca: first.cert,
          maxVersion: 'TLSv1.1',
          minVersion: 'TLSv1',
        },
        () => resolve(socket.destroy()),
      );
      socket.on('error', reject);
    }),
  ).rejects.toThrow();

  write(second);
  await app.reload();
  expect(await ask(second.cert)).toMatchObject({ status: 200 });
  await app.stop();
});
