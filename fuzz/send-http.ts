import { connect, type Socket } from 'node:net';
import { type Ipv4Address, ipv4FromNumber, ipv4ToNumber } from '../src/protocol/ipv4-address.ts';
import { seededRandom } from './seeded-random.ts';

// Sends HTTP requests that no real client sends, from many addresses: changed requests of real clients, many at once on
// one connection, with bodies of another length than announced, unfinished requests, and noise. Some connections read
// the answers, some never do, some end in the middle. Arguments: seed, count, the server's address and port. Prints the
// number of requests that it has sent, every second.

const [seedText, countText, server = '', port = ''] = process.argv.slice(2);
const count = Number(countText);
const random = seededRandom(Number(seedText));
const oneOf = <T>(values: readonly T[]): T => values[random(values.length)]!;

const FIRST_ADDRESS = ipv4ToNumber('10.80.0.1' as Ipv4Address);
const SENDERS = 500;
const CONNECTIONS = 100;
/** The longest time that a connection is kept which waits for nothing. */
const HOLD_MS = 2_000;

const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'get',
  'G\0T',
  '',
];
const PATHS = [
  '/', '/healthz', '/readyz', '/boot.ipxe', '/boot.ipxe.0', '/deep/autoexec.ipxe', '/ipxe', '/grub', '/ignition',
  '/generic', '/metadata', '/report', '/assets/small', '/assets/image', '/assets/', '/assets', '/boot/', '/boot/snponly.efi',
  '/grub/grub.cfg', '/grub.cfg-01-52-54-00-a1-9c-ae', '/grub.cfg-0A4D0014', '/assets/../../etc/passwd',
  '/assets/%2e%2e/%2e%2e/etc/passwd', '/assets/..%5c..%5cetc', '//assets//small', '/assets/./small', '/%00', '/%zz', '*',
  'http://other.example/ipxe', 'ipxe', '/assets/%c0%ae%c0%ae/x', `/${'a/'.repeat(500)}`, `/${'%41'.repeat(3000)}`,
]; // prettier-ignore
const LABELS = [
  'mac=52:54:00:a1:9c:ae', 'mac=525400a19cae', 'mac=52-54-00-a1-9c-af', 'mac=ff:ff:ff:ff:ff:ff', 'mac=', 'mac=x',
  'uuid=16e7d8a7-bfa9-428b-9117-363341bb330b', 'uuid=0', 'serial=%0a%0dshell', 'serial=${x}', 'hostname=x;reboot',
  'rack=1', 'name=motd', '__proto__=1', 'constructor=1', 'a[b]=c', `x=${'y'.repeat(2000)}`, '%00=%00', '&&&', '=', '%zz',
]; // prettier-ignore
const HEADERS = [
  'Host: x', 'Host:', 'Host: x\r\nHost: y', 'Connection: close', 'Connection: keep-alive', 'Connection: upgrade\r\nUpgrade: h2c',
  'Content-Length: 5', 'Content-Length: 5\r\nContent-Length: 6', 'Content-Length: -1', 'Content-Length: 99999999999999999999',
  'Content-Length: 1000000', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nContent-Length: 3',
  'Transfer-Encoding: xchunked', 'Transfer-Encoding:\tchunked', 'Transfer-Encoding: identity, chunked', 'Expect: 100-continue',
  'Expect: nothing', 'Range: bytes=0-10', 'Range: bytes=-1', 'Range: bytes=5-2', `Range: bytes=${'0-,'.repeat(200)}`,
  'If-None-Match: *', 'If-Match: "x"', 'If-Modified-Since: never', 'If-Range: "x"', 'Accept-Encoding: gzip',
  'X-Forwarded-For: 10.1.2.3', 'X-Forwarded-For: nonsense', 'Accept: application/vnd.coreos.ignition+json;version=3.3.0, */*;q=0.1',
  'Accept: ;;;=,,,', ' folded: yes', 'No colon', 'X\0: y', `X: ${'z'.repeat(20_000)}`, 'Cookie: a=b', 'Trailer: Host',
]; // prettier-ignore
const BODIES = [
  '',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '-1\r\n',
  'x'.repeat(70_000),
  '0\r\n\r\nGET / HTTP/1.1\r\n\r\n',
];

function request(): Buffer {
  const labels = Array.from({ length: random(4) }, () => oneOf(LABELS)).join('&');
  const path = oneOf(PATHS) + (labels === '' ? '' : `?${labels}`);
  const version = oneOf([
    'HTTP/1.1',
    'HTTP/1.1',
    'HTTP/1.1',
    'HTTP/1.0',
    'HTTP/0.9',
    'HTTP/2.0',
    'HTTP/1.1 ',
  ]);
  const headers = ['Host: x', ...Array.from({ length: random(4) }, () => oneOf(HEADERS))];
  const method = oneOf(METHODS);
  const body = method === 'POST' || random(10) === 0 ? oneOf(BODIES) : '';
  const bytes = Buffer.from(
    `${method} ${path} ${version}\r\n${headers.join('\r\n')}\r\n\r\n${body}`,
    'latin1',
  );
  for (let changes = random(20) - 16; changes > 0; changes--) bytes[random(bytes.length)] = random(256);
  return bytes;
}

/** A valid request, so that the requests after it on its connection are read too. */
function goodRequest(): Buffer {
  const path = oneOf([
    '/ipxe',
    '/grub',
    '/ignition',
    '/metadata',
    '/assets/small',
    '/assets/image',
    '/healthz',
    '/boot.ipxe',
  ]);
  const headers = ['Host: x', ...(random(4) === 0 ? ['Range: bytes=100-200'] : [])].join('\r\n');
  return Buffer.from(
    `GET ${path}?mac=52:54:00:${random(256).toString(16)}:9c:ae&rack=${random(3)} HTTP/1.1\r\n${headers}\r\n\r\n`,
  );
}

let sent = 0;

/** One connection with its requests; resolves when it has ended. */
function converse(): Promise<void> {
  return new Promise((resolve) => {
    const localAddress = ipv4FromNumber(FIRST_ADDRESS + random(SENDERS));
    const socket: Socket = connect({ host: server, port: Number(port), localAddress });
    const timer = setTimeout(() => socket.destroy(), HOLD_MS);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.on('connect', () => {
      const many = oneOf([1, 1, 2, 5, 20, 100]);
      // A malformed request ends its connection, and the requests after it are never read.
      const requests = Array.from({ length: many }, () => (random(2 * many) > 0 ? goodRequest() : request()));
      sent += many;
      const bytes = Buffer.concat(requests);
      const ending = random(6);
      // An unfinished request at the end.
      socket.write(ending === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
      if (ending === 1) return;
      socket.resume();
      if (ending === 2) socket.end();
      if (ending === 3) setTimeout(() => socket.resetAndDestroy(), random(50));
      if (ending > 3) setTimeout(() => socket.end(), random(300));
    });
  });
}

const report = setInterval(() => console.log(sent), 1_000);
await Promise.all(
  Array.from({ length: CONNECTIONS }, async () => {
    while (sent < count) await converse();
  }),
);
clearInterval(report);
console.log(sent);
