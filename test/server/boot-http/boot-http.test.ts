import { once } from 'node:events';
import { readdirSync, readlinkSync, truncateSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import pino from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseMac } from '../../../src/protocol/mac-address.ts';
import { ASSET, type BootPlane, LARGE_SIZE, startBootPlane } from './boot-plane.ts';

const planes: BootPlane[] = [];

afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.close();
});

async function start(options?: Parameters<typeof startBootPlane>[0]): Promise<BootPlane> {
  const plane = await startBootPlane(options);
  planes.push(plane);
  return plane;
}

async function get(plane: BootPlane, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(plane.origin + path, { headers, redirect: 'manual' });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** Begins to load the large file, and stops reading once data arrives. */
async function startDownload({ port }: BootPlane): Promise<Socket> {
  const client = connect(port, '127.0.0.1');
  client.write('GET /assets/image HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(client, 'readable');
  return client;
}

/** Whether this process has the file open. */
function isOpenHere(file: string): boolean {
  return countOpen(file) > 0;
}

/** How often this process has the file open. */
function countOpen(file: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      // It was closed since it was listed.
      return false;
    }
  }).length;
}

const IGNITION = (spec: string): Record<string, string> => ({
  accept: `application/vnd.coreos.ignition+json;version=${spec}, */*;q=0.1`,
});

describe('paths and statuses', () => {
  const rows: [path: string, status: number, body: RegExp][] = [
    ['/', 200, /^railhead\n$/],
    ['/healthz', 200, /^ok\n$/],
    [
      '/boot.ipxe',
      200,
      /^#!ipxe\n[\s\S]*chain http:\/\/127\.0\.0\.1:\d+\/ipxe\?uuid=\$\{uuid\}&mac=\$\{netX\/mac:hexhyp\}&/,
    ],
    ['/boot.ipxe.0', 200, /^#!ipxe\n/],
    ['/deep/down/autoexec.ipxe', 200, /^#!ipxe\n/],
    [
      '/ipxe?rack=1',
      200,
      /^#!ipxe\nkernel \/assets\/k u=http:\/\/127\.0\.0\.1:\d+\/ignition\?rack=1\ninitrd \/assets\/i\nboot\n$/,
    ],
    ['/ipxe?mac=52-54-00-00-00-01', 200, /knows no group for MAC 52:54:00:00:00:01[\s\S]*sleep 7/],
    [
      '/ipxe?mac=52:54:00:00:00:0f',
      200,
      /machine off is disabled: booting from the local disk[\s\S]*set next local/,
    ],
    ['/grub?mac=52:54:00:00:00:0f', 200, /machine off is disabled[\s\S]*chainloader/],
    ['/ignition?mac=52:54:00:00:00:0f', 403, /^machine off is disabled\n$/],
    ['/ipxe?rack=2', 404, /^profile empty has no iPXE script\n$/],
    ['/grub?rack=1', 200, /linuxefi "\/assets\/k" u=/],
    ['/grub?mac=525400000001', 200, /configfile/],
    ['/ignition?rack=1', 200, /^\{"ignition":\{"version":"3\.4\.0"\}/],
    ['/ignition?mac=525400000001', 503, /^no group selects MAC 52:54:00:00:00:01\n$/],
    ['/ignition', 404, /neither MAC nor UUID/],
    ['/ignition?rack=2', 404, /^profile empty has no Ignition config\n$/],
    ['/generic?rack=1&name=motd&foo=b%20c', 200, /^hello node b c\n$/],
    ['/generic?rack=1', 404, /has no generic template/],
    ['/metadata?rack=1', 200, /^NAME=node\nRACK=1\nREQUEST_QUERY_RACK=1\nREQUEST_RAW_QUERY=rack=1\n$/],
    ['/assets//k', 200, /^/],
    ['//assets/dir//boot.efi', 200, /^MZ$/],
    ['/assets/%2e/dir/%2E/boot.efi', 200, /^MZ$/],
    ['/boot//snponly.efi', 200, /^MZ$/],
    ['//boot/.//snponly.efi', 200, /^MZ$/],
    ['//ipxe?rack=2', 404, /^profile empty has no iPXE script\n$/],
    ['/boot/autoexec.ipxe', 200, /^#!ipxe\n/],
    ['/assets/autoexec.ipxe', 200, /^#!ipxe\n/],
    ['/grub/grub.cfg', 200, /configfile "\(http,127\.0\.0\.1:\d+\)\/grub\?\$railhead_query"/],
    ['/boot/grub.cfg', 200, /configfile "\(http,/],
    ['/EFI/debian/grub.cfg', 200, /configfile "\(http,/],
    ['/assets/boot/x86_64-efi/grub.cfg', 200, /configfile "\(http,/],
    ['/grub.cfg-01-52-54-00-00-00-99', 200, /configfile "\(http,/],
    [
      '/grub.cfg-01-52-54-00-00-00-03',
      200,
      /^insmod http\nset root=http,127\.0\.0\.1:\d+\ndefault=0\n[\s\S]*\/assets\/k/,
    ],
    ['/grub/grub.cfg-0A4D0014', 200, /^insmod http\nset root=[\s\S]*\ndefault=0\n[\s\S]*\/assets\/k/],
    ['/grub/grub.cfg-0A4D0015', 200, /configfile "\(http,/],
    ['/grub/grub.cfg-5a1c7f8e-0000-4000-8000-000000000003', 200, /\ndefault=0\n[\s\S]*\/assets\/k/],
    ['/grub/grub.cfg-0A4D001', 404, /no file/],
    ['/grub/grub.cfgx', 404, /nothing at this path/],
    ['/readyz', 200, /^ready\n$/],
    ['/nope', 404, /nothing at this path/],
    ['/assets/', 404, /no file/],
    ['/assets/dir', 404, /no file/],
    ['/boot/nothing.efi', 404, /no file/],
    ['/boot/gone.efi', 404, /no file/],
  ];
  test.each(rows)('GET %s is %i', async (path, status, body) => {
    const answer = await get(await start(), path);
    expect(answer.body).toMatch(body);
    expect(answer.status).toBe(status);
  });

  test('without a catalog machines wait', async () => {
    const answer = await get(await start({ broken: true }), '/ignition?mac=525400000001');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '7']);
  });

  test('a server that cannot serve gives the reason', async () => {
    const reasons = ['no catalog has loaded yet', 'the store cannot be written'];
    const answer = await get(await start({ readiness: { ready: false, reasons, parts: [] } }), '/readyz');
    expect(answer).toMatchObject({ status: 503, body: `${reasons.join('\n')}\n` });
  });

  test('a template that fails for one machine makes it wait, with the reason', async () => {
    const plane = await start({ needy: true });
    const answer = await get(plane, '/ignition?mac=525400000001');
    expect(answer).toMatchObject({
      status: 503,
      body: 'template needy.bu:3:30: "request.query.path" is not defined\n',
    });
    expect(plane.events.map(({ kind }) => kind)).toEqual(['ignition.refused']);
    expect((await get(plane, '/ignition?mac=525400000001&path=x')).status).toBe(200);
  });

  test.each([
    ['wait', /set next wait/],
    ['local', /set next local/],
    ['fail', /set next fail/],
  ] as const)('a machine without a group: %s', async (unmatched, body) => {
    const plane = await start({ unmatched });
    expect((await get(plane, '/ipxe?mac=525400000001')).body).toMatch(body);
    expect(plane.discovered).toEqual(['52:54:00:00:00:01']);
  });

  test('labels from a machine cannot become iPXE commands', async () => {
    const body = (await get(await start(), '/ipxe?uuid=x&mac=525400000001&serial=%0Ashell%0A${x}')).body;
    expect(body).not.toMatch(/^shell/m);
  });
});

test('a disabled machine gets no boot program', async () => {
  const plane = await start({ withhold: () => 'machine off is disabled' });
  expect(await get(plane, '/boot/snponly.efi')).toMatchObject({
    status: 404,
    body: 'machine off is disabled\n',
  });
  expect((await get(plane, '/boot/autoexec.ipxe')).status).toBe(200);
});

test.each([
  ['mac=zz', /^mac=zz is not a MAC address: write it as 52:54:00:a1:9c:ae\n$/],
  ['mac=', /^mac is empty: give the MAC address/],
  ['MAC=01:00:5e:00:00:01', /^mac=01:00:5e:00:00:01 is not the address of a network card/],
  ['mac=%1b%5b31mx', /^mac=\?\[31mx is not a MAC address/],
])('an invalid MAC address is named by /report and /ignition: %s', async (query, message) => {
  const plane = await start();
  const report = await fetch(`${plane.origin}/report?${query}`, { method: 'POST', body: 'done' });
  expect([report.status, await report.text()]).toEqual([400, expect.stringMatching(message)]);
  expect(plane.events).toEqual([]);
  const ignition = await get(plane, `/ignition?${query}`);
  if (query.includes('5e')) expect(ignition.status).toBe(503);
  else expect(ignition).toMatchObject({ status: 404, body: expect.stringMatching(message) as string });
});

test('events name the machine, identified by the request or by the card behind its address', async () => {
  const plane = await start({ cards: { '127.0.0.1': parseMac('52:54:00:00:00:0f')! } });
  await get(plane, '/ipxe?mac=525400000001');
  await get(plane, '/ipxe?mac=52540000000f');
  await get(plane, '/assets/k');
  // A file is recorded when all of it was passed to the kernel, which the client may notice first.
  await vi.waitFor(() => expect(plane.events).toHaveLength(3));
  expect(plane.events.map(({ kind, machineId }) => `${kind} ${machineId ?? 'unknown'}`)).toEqual([
    'ipxe.waiting unknown',
    'boot.local off',
    'http.asset off',
  ]);
});

describe('Ignition gets a specification that it understands, or waits', () => {
  test.each([
    ['3.3.0', 503],
    ['3.4.0', 200],
    ['3.5.0', 200],
    ['4.0.0', 200],
    ['2.3.0', 503],
  ])('one that supports %s: %i', async (spec, status) => {
    const plane = await start();
    const answer = await get(plane, '/ignition?rack=1', IGNITION(spec));
    expect(answer.status).toBe(status);
    expect(plane.events.at(-1)?.kind).toBe(status === 200 ? 'ignition.sent' : 'ignition.refused');
    if (status !== 200)
      expect(answer.body).toMatch(/is Ignition 3\.4\.0, but this machine supports .* at most/);
  });
});

describe('assets', () => {
  test('whole, with the headers for conditional requests', async () => {
    const plane = await start();
    const response = await fetch(`${plane.origin}/assets/k`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(ASSET);
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    expect(response.headers.get('etag')).toMatch(/^"[0-9a-z-]+"$/);
    expect(response.headers.get('last-modified')).toMatch(/GMT$/);
  });

  test('HEAD announces the size and sends no body', async () => {
    const plane = await start();
    const response = await fetch(`${plane.origin}/assets/k`, { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('4096');
    expect(await response.text()).toBe('');
    expect(plane.events).toEqual([]);
  });

  test('HEAD announces the whole file, since a range applies only to GET', async () => {
    const plane = await start();
    const response = await fetch(`${plane.origin}/assets/k`, {
      method: 'HEAD',
      headers: { range: 'bytes=1-2' },
    });
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '4096']);
  });

  const ranges: [header: string, status: number, first: number, end: number][] = [
    ['bytes=10-19', 206, 10, 20],
    ['bytes=4090-', 206, 4090, 4096],
    ['bytes=-5', 206, 4091, 4096],
    ['bytes=0-999999', 206, 0, 4096],
    ['bytes=5-2', 200, 0, 4096],
    ['bytes=0-1,3-4', 200, 0, 4096],
    [`bytes=${'0-1,'.repeat(1000)}0-1`, 200, 0, 4096],
    ['lines=1-2', 200, 0, 4096],
    ['Bytes=10-19', 206, 10, 20],
    ['bytes=99999-', 416, 0, 0],
    ['bytes=-0', 416, 0, 0],
  ];
  test.each(ranges)('Range: %.20s is %i', async (header, status, first, end) => {
    const plane = await start();
    const response = await fetch(`${plane.origin}/assets/k`, { headers: { range: header } });
    expect(response.status).toBe(status);
    const body = Buffer.from(await response.arrayBuffer());
    if (status !== 416) expect(body).toEqual(ASSET.subarray(first, end));
    if (status === 206) expect(response.headers.get('content-range')).toBe(`bytes ${first}-${end - 1}/4096`);
    if (status === 416) expect(response.headers.get('content-range')).toBe('bytes */4096');
  });

  // UEFI firmware asks for the size by HEAD, and sends no further request if there is none.
  test.each(['GET', 'HEAD'])('%s of a missing file is an event, since it ends the boot', async (method) => {
    const plane = await start();
    const response = await fetch(`${plane.origin}/assets/flatcar/vmlinuz`, { method });
    expect(response.status).toBe(404);
    expect(plane.events.map(({ kind, summary }) => `${kind} ${summary}`)).toEqual([
      'http.asset_missing file not found: /assets/flatcar/vmlinuz',
    ]);
  });

  test('conditions are checked against the current file', async () => {
    const plane = await start();
    const { headers } = await get(plane, '/assets/k');
    const etag = headers.get('etag') ?? '';
    const modified = headers.get('last-modified') ?? '';
    const past = 'Thu, 01 Jan 1970 00:00:00 GMT';
    const rows: [Record<string, string>, number][] = [
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': '"other"' }, 200],
      [{ 'if-modified-since': modified }, 304],
      [{ 'if-modified-since': past }, 200],
      [{ 'if-match': etag }, 200],
      [{ 'if-match': '"other"' }, 412],
      [{ 'if-unmodified-since': modified }, 200],
      [{ 'if-unmodified-since': past }, 412],
      [{ range: 'bytes=1-2', 'if-range': etag }, 206],
      [{ range: 'bytes=1-2', 'if-range': '"other"' }, 200],
      [{ range: 'bytes=1-2', 'if-range': modified }, 206],
    ];
    for (const [conditions, status] of rows) {
      expect([conditions, (await get(plane, '/assets/k', conditions)).status]).toEqual([conditions, status]);
    }
  });

  test.each(['/boot/snponly.efi', '/boot/grub.efi', '/assets/dir/grub.efi'])(
    'programs for UEFI HTTP Boot have its media type, whatever a link leads to: %s',
    async (program) => {
      const { headers, status } = await get(await start(), program);
      expect([status, headers.get('content-type')]).toEqual([200, 'application/efi']);
    },
  );

  test('a file that becomes shorter while it is sent ends the connection, and is not recorded as sent', async () => {
    const plane = await start();
    const client = await startDownload(plane);
    truncateSync(plane.image, 1 << 20);
    client.resume();
    await once(client, 'close');
    expect(client.bytesRead).toBeLessThan(LARGE_SIZE);
    expect(plane.events).toEqual([]);
  });

  test('a file that is fetched in parts is one event, whole files are one event each', async () => {
    const plane = await start();
    for (let first = 0; first < 40; first += 10) {
      await get(plane, '/assets/k', { range: `bytes=${first}-${first + 9}` });
    }
    await get(plane, '/assets/k');
    await get(plane, '/assets/k');
    // An event is recorded when the kernel has accepted the last part, which the client may receive before that.
    await vi.waitFor(() => expect(plane.events).toHaveLength(3));
    expect(plane.events.map(({ kind, summary }) => `${kind} ${summary.replace(/ in \d.*/, '')}`)).toEqual([
      'http.asset /assets/k, 1 kB in a part',
      'http.asset /assets/k, 5 kB',
      'http.asset /assets/k, 5 kB',
    ]);
  });

  test('links inside the folder are followed', async () => {
    expect((await get(await start(), '/assets/current')).status).toBe(200);
  });
});

describe('hostile requests', () => {
  const outside = [
    '/assets/../secret.txt',
    '/assets/%2e%2e/secret.txt',
    '/assets/%2e%2e%2fsecret.txt',
    '/assets/..%5csecret.txt',
    '/assets/%252e%252e/secret.txt',
    '/assets/leak',
    '/assets/.hidden',
    '/assets/k%00.txt',
    '//assets/../../secret.txt',
    '/boot/../secret.txt',
    '/assets//etc/passwd',
  ];
  test.each(outside)('nothing outside assets/ is served: %s', async (path) => {
    const plane = await start();
    const answer = await plane.raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).not.toContain('must never be served');
  });

  const rows: [name: string, request: string, answer: RegExp][] = [
    [
      'a whole URL',
      'GET http://evil/ipxe HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'a Host without its port does not matter',
      'GET /boot.ipxe HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n',
      /chain http:\/\/127\.0\.0\.1:\d+\//,
    ],
    ['HTTP/1.0 without Host', 'GET /healthz HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 200 [\s\S]*ok\n$/],
    ['HTTP/1.1 without Host', 'GET /healthz HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'headers of 64 KiB',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(65_536)}\r\n\r\n`,
      /^HTTP\/1\.1 431 /,
    ],
    [
      'a query of 10 kB',
      `GET /ipxe?${'a'.repeat(10_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1\.1 414 /,
    ],
    [
      'an invalid escape',
      'GET /assets/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'Content-Length and Transfer-Encoding',
      'POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['a TLS hello to a port without TLS', '\x16\x03\x01\x02\x00', /^HTTP\/1\.1 400 /],
    [
      'no gzip, which firmware does not support',
      'GET /boot.ipxe HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n',
      /^(?![\s\S]*content-encoding)/i,
    ],
  ];
  test.each(rows)('%s', async (_name, request, answer) => {
    expect(await (await start()).raw(request)).toMatch(answer);
  });

  test.each([
    ['an invalid MAC', '/ipxe?mac=%27%22%3Bx', /neither MAC nor UUID/],
    ['two MACs: the first one is used', '/ipxe?mac=525400000001&mac=525400000002', /MAC 52:54:00:00:00:01/],
    ['an invalid UUID', '/ipxe?uuid=1234&mac=525400000001', /MAC 52:54:00:00:00:01/],
  ])('%s', async (_name, path, body) => {
    expect((await get(await start(), path)).body).toMatch(body);
  });

  test.each([
    ['Expect: 100-continue', 'Expect: 100-continue\r\n'],
    ['Upgrade', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
  ])('%s changes nothing', async (_name, header) => {
    const plane = await start();
    const request = `GET /healthz HTTP/1.1\r\nHost: x\r\n${header}Connection: close\r\n\r\n`;
    expect(await plane.raw(request)).toMatch(/HTTP\/1\.1 200 OK[\s\S]*ok\n$/);
  });

  test('a client that resets the connection in the middle of a download leaves nothing open', async () => {
    const plane = await start();
    const client = await startDownload(plane);
    expect(isOpenHere(plane.image)).toBe(true);
    client.resetAndDestroy();
    await vi.waitFor(() => expect(isOpenHere(plane.image)).toBe(false), 5_000);
    expect((await get(plane, '/healthz')).status).toBe(200);
  });

  test('a client that reads nothing is disconnected, and occupies no memory', async () => {
    const plane = await start({ stallMs: 50 });
    const client = await startDownload(plane);
    const closed = once(client, 'close');
    await vi.waitFor(() => expect(isOpenHere(plane.image)).toBe(false), 5_000);
    // It notices that at its next check.
    client.on('error', () => undefined).resume();
    await closed;
    expect(client.bytesRead).toBeLessThan(LARGE_SIZE);
  });

  test('an address with too many downloads gets 503 for a further one, and answers to everything else', async () => {
    const plane = await start({ downloadsPerSource: 3 });
    const clients = [await startDownload(plane), await startDownload(plane), await startDownload(plane)];
    const answer = await get(plane, '/assets/k');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await get(plane, '/ipxe?rack=1')).status).toBe(200);
    clients[0]?.destroy();
    await vi.waitFor(async () => expect((await get(plane, '/assets/k')).status).toBe(200));
  });

  test.each([
    ['header', 'GET /ipxe?rack=1 HTTP/1.1\r\nHost:'],
    ['body', 'POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf'],
    ['chunk', 'POST /report HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf'],
    ['body that is not wanted', 'POST /ipxe HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf'],
  ])('requests with an unfinished %s on all connections keep no other client out', async (_part, half) => {
    const plane = await start({ connections: 20 });
    const halves = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const to = { port: plane.port, host: '127.0.0.1', localAddress: `127.0.0.${3 + (at % 3)}` };
        const client = connect(to).on('error', () => undefined);
        await once(client, 'connect');
        client.write(half);
        return client;
      }),
    );
    // They have a second to send the rest.
    await vi.waitFor(async () => expect((await get(plane, '/ipxe?rack=1')).status).toBe(200), 5_000);
    for (const client of halves) client.destroy();
  });

  test('one address cannot occupy all connections', async () => {
    const plane = await start({ connections: 20, connectionsPerSource: 10 });
    const flood = Array.from({ length: 50 }, () =>
      connect({ port: plane.port, host: '127.0.0.1', localAddress: '127.0.0.3' }).on(
        'error',
        () => undefined,
      ),
    );
    await vi.waitFor(() => expect(flood.filter(({ closed }) => closed)).toHaveLength(40), 5_000);
    expect((await get(plane, '/ipxe?rack=1')).status).toBe(200);
    for (const client of flood) client.destroy();
  });

  test('downloads that are not read hold little memory each', async () => {
    const plane = await start();
    const before = process.memoryUsage().arrayBuffers;
    const clients = await Promise.all(Array.from({ length: 100 }, () => startDownload(plane)));
    expect(countOpen(plane.image)).toBe(100);
    // 16 MB for all of them and 16 kB for each; and 64 kB for each client, which runs in this process too.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 << 20);
    for (const client of clients) client.destroy();
    await vi.waitFor(() => expect(countOpen(plane.image)).toBe(0), 5_000);
  });

  test('a thousand requests for a file on one connection that is not read open the file once, and not after the connection ended', async () => {
    const plane = await start();
    const before = process.memoryUsage().arrayBuffers;
    const client = connect(plane.port, '127.0.0.1');
    client.on('error', () => undefined).write('GET /assets/image HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
    await once(client, 'readable');
    // Another client's request is answered after all requests of the first read.
    expect((await get(plane, '/healthz')).status).toBe(200);
    expect(countOpen(plane.image)).toBe(1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
    client.destroy();
    // The file is closed by another thread, so either of the two may be noticed first.
    await vi.waitFor(() => expect(countOpen(plane.image)).toBe(0), 5_000);
    await vi.waitFor(() => expect(plane.counters.get('http_requests', '499')).toBe(1), 5_000);
  });

  test('requests that were sent at once are answered one after the other, in order', async () => {
    const plane = await start();
    const paths = Array.from(
      { length: 90 },
      (_, at) => `/generic?name=motd&rack=${at % 2 === 0 ? '1' : '2'}&foo=${at}`,
    );
    const last = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const answers = await plane.raw(
      paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join('') + last,
    );
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    expect(statuses).toEqual([...paths.map((_, at) => (at % 2 === 0 ? 200 : 404)), 200]);
    expect([...answers.matchAll(/hello node (\d+)\n/g)].map(([, at]) => Number(at))).toEqual(
      paths.flatMap((_, at) => (at % 2 === 0 ? [at] : [])),
    );
  });

  test('a report among requests that were sent at once is read, and what follows it is answered', async () => {
    const plane = await start();
    const body = 'x'.repeat(50_000);
    const answers = await plane.raw(
      'GET /assets/k HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3) +
        `POST /report?mac=525400000001 HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
        'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect(answers.match(/HTTP\/1\.1 200 OK\r\n/g)).toHaveLength(5);
    expect(answers).toMatch(/noted\n[\s\S]*ok\n$/);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    '%s is not allowed on boot paths',
    async (method) => {
      const plane = await start();
      const response = await fetch(`${plane.origin}/ipxe?rack=1`, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    },
  );

  test('one address cannot use up the server', async () => {
    const plane = await start({ requestsPerSource: 3 });
    const statuses: number[] = [];
    for (let count = 0; count < 5; count++) statuses.push((await get(plane, '/healthz')).status);
    expect(statuses).toEqual([200, 200, 200, 503, 503]);
  });

  test('X-Forwarded-For is used only from configured proxies', async () => {
    const plane = await start();
    await get(plane, '/ipxe?mac=525400000001', { 'x-forwarded-for': '10.9.9.9' });
    expect(plane.events.at(-1)?.address).toBe('127.0.0.1');
  });

  test.each([
    ['10.9.9.9', '10.9.9.9'],
    ['10.1.1.1, 10.9.9.9', '10.9.9.9'],
    ['nonsense, 10.9.9.9', '10.9.9.9'],
    ['10.9.9.9, 127.0.0.2', '10.9.9.9'],
    ['10.9.9.9:40000', '10.9.9.9'],
    ['::ffff:10.9.9.9', '10.9.9.9'],
    ['10.9.9.9, ,', '10.9.9.9'],
    ['', '127.0.0.2'],
    ['127.0.0.2', '127.0.0.2'],
  ])('a request with X-Forwarded-For "%s" from a proxy comes from %s', async (header, address) => {
    const plane = await start();
    const request = `GET /ipxe?mac=525400000001 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${header}\r\nConnection: close\r\n\r\n`;
    expect(await plane.raw(request, '127.0.0.2')).toMatch(/^HTTP\/1\.1 200 /);
    expect(plane.events.at(-1)?.address).toBe(address);
  });

  test.each(['nonsense', '10.9.9.9, nonsense', '10.9.9.9, unknown, 127.0.0.2', '10.9.9.999', '1'])(
    'a request with X-Forwarded-For "%s" from a proxy has no client address, and is not attributed to the proxy',
    async (header) => {
      const plane = await start();
      const request = `GET /ipxe?mac=525400000001 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${header}\r\nConnection: close\r\n\r\n`;
      expect(await plane.raw(request, '127.0.0.2')).toMatch(/^HTTP\/1\.1 400 [\s\S]*X-Forwarded-For/);
      expect(plane.events).toEqual([]);
    },
  );

  test('a client on a network that is not served gets 403, with the setting to change', async () => {
    const plane = await start({ unserved: '127.0.0.1' });
    for (const path of ['/ignition?mac=525400000001&rack=1', '/assets/k', '/boot.ipxe', '/']) {
      const response = await get(plane, path);
      expect(response.status).toBe(403);
      expect(response.body).toBe(
        '127.0.0.1 is not on a served network; add its network to served_networks\n',
      );
    }
    expect(plane.events).toEqual([]);
  });

  test('the token of a boot session is in no log line, no event and no answer', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const plane = await start({ log });
    const token = 'Zq7_'.repeat(11).slice(1);
    const bodies: string[] = [];
    for (const path of ['/ipxe', '/grub', '/ignition', '/metadata', '/generic', '/assets/none', '/none']) {
      for (const name of ['token', 'TOKEN', '%74oken']) {
        bodies.push((await get(plane, `${path}?rack=1&mac=525400000001&name=other&${name}=${token}`)).body);
      }
    }
    const report = await fetch(`${plane.origin}/report?mac=525400000001&token=${token}`, {
      method: 'POST',
      body: `failed\nKernel command line: ignition.config.url=http://h/ignition?mac=a&token=${token} quiet`,
    });
    expect(report.status).toBe(200);
    expect(lines.filter((line) => line.includes('token=...'))).toHaveLength(22);
    expect(plane.events.map(({ kind }) => kind)).toContain('machine.report');
    expect(JSON.stringify([lines, bodies, plane.events])).not.toContain(token);
  });

  test('log lines are limited for each client, and further requests are still counted', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const plane = await start({ log });
    for (let count = 0; count < 300; count++) await get(plane, '/healthz');
    expect(lines.filter((line) => line.includes('"msg":"http"')).length).toBeLessThan(250);
    expect(plane.counters.get('http_requests', '200')).toBe(300);
  });
});

describe('reports', () => {
  test('are recorded in the history of the machine', async () => {
    const plane = await start();
    const response = await fetch(`${plane.origin}/report?mac=525400000001`, {
      method: 'POST',
      body: 'done\nmore',
    });
    expect(response.status).toBe(200);
    expect(plane.events).toMatchObject([
      {
        kind: 'machine.report',
        mac: '52:54:00:00:00:01',
        summary: 'done',
        detail: { status: 'progress', message: 'done', log: ['more'] },
      },
    ]);
  });

  test('have a status, and what the machine knows about itself', async () => {
    const plane = await start();
    const post = async (query: string, body: string, type = 'text/plain'): Promise<[number, string]> => {
      const init = { method: 'POST', body, headers: { 'Content-Type': type } };
      const response = await fetch(`${plane.origin}/report?mac=525400000001&${query}`, init);
      return [response.status, await response.text()];
    };
    const failure = 'status=failed&permanent=true&message=bad+signature';
    expect(await post(failure, 'gpg: BAD signature\n')).toEqual([
      200,
      'noted; the state of machine 52-54-00-00-00-01 stays discovered\n',
    ]);
    const facts = JSON.stringify({ facts: { memory_bytes: 1024, gpus: 2 } });
    expect(await post('', facts, 'application/json')).toEqual([
      200,
      'noted; facts.gpus is unknown, and was left out\n',
    ]);
    expect(await post('status=done', '')).toEqual([
      400,
      'status=done is unknown: it is installed, up, failed or progress; noted as progress\n',
    ]);
    expect(plane.events.map(({ detail, summary }) => ({ detail, summary }))).toEqual([
      {
        summary: 'failed: bad signature',
        detail: { status: 'failed', message: 'bad signature', permanent: true, log: ['gpg: BAD signature'] },
      },
      {
        summary: 'facts about the hardware',
        detail: { status: 'progress', message: 'facts about the hardware', facts: { memory_bytes: 1024 } },
      },
      { summary: 'progress', detail: { status: 'progress', message: 'progress' } },
    ]);
  });

  const HEAD = 'POST /report?mac=525400000001 HTTP/1.1\r\nHost: x\r\n';

  test.each([
    [64 * 1024, 200],
    [64 * 1024 + 1, 413],
    [70_000, 413],
    [20 << 20, 413],
  ])('have a maximum size: one of %i bytes is answered with %i', async (size, status) => {
    const plane = await start();
    const body = 'x'.repeat(size);
    const response = await fetch(`${plane.origin}/report?mac=525400000001`, { method: 'POST', body });
    expect([response.status, await response.text()]).toEqual([
      status,
      status === 200 ? 'noted\n' : 'a report has at most 64 KiB\n',
    ]);
    expect(plane.events).toHaveLength(status === 200 ? 1 : 0);
    expect((await get(plane, '/healthz')).status).toBe(200);
  });

  test.each([
    ['that announces too much is refused before it is sent', 'Content-Length: 99999999999\r\n\r\n'],
    ['that asks before it sends too much', 'Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n'],
    [
      'in chunks of which it sends no end',
      `Transfer-Encoding: chunked\r\n\r\n${`4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(5)}`,
    ],
  ])('one %s', async (_what, rest) => {
    const plane = await start();
    const answer = await plane.raw(HEAD + rest);
    expect(answer).toMatch(/HTTP\/1\.1 413 [\s\S]*Connection: close[\s\S]*a report has at most 64 KiB\n$/);
    expect(plane.events).toEqual([]);
  });

  test('one in chunks without an end costs no more memory than a report', async () => {
    const plane = await start();
    const client = connect(plane.port, '127.0.0.1');
    let answer = '';
    client.on('data', (data) => (answer += data.toString())).on('error', () => undefined);
    client.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const before = process.memoryUsage().arrayBuffers;
    let sent = 0;
    while (!client.destroyed && client.writable && sent < 2000) {
      sent++;
      await new Promise((resolve) => client.write(chunk, resolve));
    }
    expect(answer).toContain('413');
    expect(sent).toBeLessThan(2000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 << 20);
    expect(plane.events).toEqual([]);
  });

  test('one that is compressed is refused', async () => {
    const plane = await start();
    const answer = await plane.raw(`${HEAD}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b`);
    expect(answer).toMatch(/HTTP\/1\.1 415 [\s\S]*without compression: leave out Content-Encoding\n$/);
    expect(plane.events).toEqual([]);
  });

  test('one that arrives byte by byte is read, and one that stops is given up and not recorded', async () => {
    const plane = await start({ stallMs: 200 });
    const client = connect(plane.port, '127.0.0.1');
    client.write(`${HEAD}Content-Length: 4\r\n\r\n`);
    for (const letter of 'done') await new Promise((resolve) => client.write(letter, resolve));
    const [answer] = (await once(client, 'data')) as [Buffer];
    client.destroy();
    expect(answer.toString()).toMatch(/ 200 OK[\s\S]*noted\n$/);
    expect(await plane.raw(`${HEAD}Content-Length: 4\r\n\r\ndo`)).toBe('');
    expect(plane.events.map(({ summary }) => summary)).toEqual(['done']);
    await vi.waitFor(() => expect(plane.counters.get('http_requests', '499')).toBe(1), 5_000);
  });

  test.each([
    ['', 'text'],
    ['multipart/form-data; boundary=x', 'text'],
    ['application/octet-stream', 'text'],
    ['nonsense', 'text'],
    ['application/x-www-form-urlencoded', 'text'],
    ['application/json', 'not a JSON object'],
    ['APPLICATION/PROBLEM+JSON; charset=utf-16', 'not a JSON object'],
  ])('one with the content type "%s" and a broken body is recorded as text', async (type, outcome) => {
    const plane = await start();
    const answer = await plane.raw(
      `${HEAD}Connection: close\r\nContent-Type: ${type}\r\nContent-Length: 6\r\n\r\n{]\0\x1b[m`,
    );
    expect(answer).toMatch(outcome === 'text' ? / 200 OK[\s\S]*noted\n$/ : / 400 [\s\S]*not a JSON object/);
    expect(plane.events.map(({ summary }) => summary)).toEqual(['{]\\u0000\\u001b[m']);
  });

  test('beyond the limit get 503 with Retry-After', async () => {
    const plane = await start({ eventsMax: 1 });
    const report = () => fetch(`${plane.origin}/report?mac=525400000001`, { method: 'POST', body: 'done' });
    expect((await report()).status).toBe(200);
    const second = await report();
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '60']);
    expect(await second.text()).toBe('too many reports; this one was not recorded\n');
    expect(plane.events).toHaveLength(1);
  });

  test('that cannot be stored are not confirmed', async () => {
    const plane = await start({ storeFull: true });
    const response = await fetch(`${plane.origin}/report`, { method: 'POST', body: 'done' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60']);
    expect(await response.text()).toBe('the report could not be stored; send it again later\n');
  });

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
    'are not taken by %s, and its body is not kept',
    async (method) => {
      const plane = await start();
      const head = `${method} /report HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 70000\r\n\r\n`;
      const answer = await plane.raw(head + 'x'.repeat(70_000));
      expect(answer).toMatch(/HTTP\/1\.1 405 [\s\S]*Allow: POST\r\n/);
      expect(plane.events).toEqual([]);
    },
  );
});

test('a thousand requests at once are all answered', async () => {
  const plane = await start();
  const answers = await Promise.all(Array.from({ length: 1000 }, () => get(plane, '/ipxe?rack=1')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});
