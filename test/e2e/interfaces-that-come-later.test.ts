import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { findProgram } from '../support/find-program.ts';
import { RailheadProcess } from '../../src/lab/railhead-process.ts';

// A server that starts before its network is complete, as after a power failure of the whole data center.

const runnable = canMakeNamespaces && ['udhcpc', 'curl'].every((name) => findProgram(name) !== undefined);
if (!runnable) console.warn('skipping interfaces that come later: needs root, udhcpc and curl');

const NETWORKS = ['ready', 'dead', 'bridge', 'late', 'bare'];
const script = path.join(import.meta.dirname, 'udhcpc.script');

let lab: NetworkLab;
let folder: string;
let host: string;
let clients: string;
beforeEach(() => {
  if (!runnable) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-later-'));
  lab = new NetworkLab('rhi');
  [host, clients] = [lab.addNamespace('s'), lab.addNamespace('c')];
});
afterEach(async () => {
  if (!runnable) return;
  await lab.remove();
  rmSync(folder, { recursive: true });
});

/** The server's address in the network of an interface; its name is also that of the client's end of the cable. */
const addressOf = (name: string): string => `10.77.${NETWORKS.indexOf(name)}.1`;

function setAddress(name: string): void {
  lab.ip('-n', host, 'address', 'add', `${addressOf(name)}/24`, 'dev', name);
}

/** Requests a lease at the other end of the cable; returns the address that came within `tries` seconds. */
async function lease(name: string, tries: number): Promise<string | undefined> {
  const { stdout } = await lab.run(clients, 'udhcpc', [
    '-f', '-i', `c-${name}`, '-s', script, '-n', '-q', '-t', String(tries), '-T', '1',
  ]); // prettier-ignore
  return /^bound ip=(\S+)/m.exec(stdout)?.[1];
}

async function httpStatus(url: string): Promise<string> {
  return (await lab.run(host, 'curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', url])).stdout;
}

test.skipIf(!runnable)(
  'ready interfaces are served at once, and every other one as soon as it is ready',
  async () => {
    lab.connect(host, 'ready', clients, 'c-ready');
    setAddress('ready');
    // An unplugged cable: the interface is up, has an address, and has no carrier.
    lab.connect(host, 'dead', clients, 'c-dead');
    setAddress('dead');
    lab.ip('-n', clients, 'link', 'set', 'c-dead', 'down');
    lab.addBridge(host, 'bridge', `${addressOf('bridge')}/24`);
    lab.connect(host, 'bare', clients, 'c-bare');

    const railhead = await RailheadProcess.start(lab, {
      namespace: host,
      folder,
      settings: {
        http: { listen: ['0.0.0.0:8080', `${addressOf('late')}:8090`] },
        tftp: { enabled: true, listen: [addressOf('ready'), addressOf('late')] },
        dhcp: { interfaces: NETWORKS, conflict_detection: 'off' },
        networks: NETWORKS.map((id, at) => ({
          id,
          cidr: `10.77.${at}.0/24`,
          mode: 'full',
          pools: [`10.77.${at}.10-10.77.${at}.99`],
        })),
      },
    });
    const logged = (text: string): string[] => railhead.log.filter((line) => line.includes(text));
    expect(logged('dhcp is not served on late yet: it does not exist')).toHaveLength(1);
    expect(logged('dhcp is not served on bare yet: it has no IPv4 address')).toHaveLength(1);
    expect(logged('dead has no carrier')).toHaveLength(1);
    expect(logged('http does not listen on this address yet')).toHaveLength(1);
    expect(logged('tftp does not listen on this address yet')).toHaveLength(1);
    expect(await lease('ready', 5)).toMatch(/^10\.77\.0\./);
    expect(await httpStatus(`http://${addressOf('ready')}:8080/healthz`)).toBe('200');
    const readyz = async (): Promise<string> =>
      (await lab.run(host, 'curl', ['-s', `http://${addressOf('ready')}:8080/readyz`])).stdout;
    expect((await readyz()).trim().split('\n').sort()).toEqual([
      'dhcp is not served on bare yet: it has no IPv4 address',
      'dhcp is not served on late yet: it does not exist',
      `http does not listen on ${addressOf('late')}:8090 yet: no interface has this address`,
      `tftp does not listen on ${addressOf('late')} yet`,
    ]);

    // Each of the missing parts is added: a cable, a port, an interface, an address.
    lab.ip('-n', clients, 'link', 'set', 'c-dead', 'up');
    lab.connect(host, 'port0', clients, 'c-bridge');
    lab.plug(host, 'bridge', 'port0');
    lab.connect(host, 'late', clients, 'c-late');
    setAddress('late');
    setAddress('bare');
    for (const name of NETWORKS.slice(1)) {
      expect(await lease(name, 10), name).toMatch(new RegExp(`^10\\.77\\.${NETWORKS.indexOf(name)}\\.`));
    }
    await expect
      .poll(() => httpStatus(`http://${addressOf('late')}:8090/healthz`), { timeout: 10_000 })
      .toBe('200');
    await expect.poll(() => logged('tftp listens on a new address').length, { timeout: 10_000 }).toBe(1);
    expect(await readyz()).toBe('ready\n');
    await railhead.stop();
    expect(logged('"level":50')).toEqual([]);
  },
);

test.skipIf(!runnable)('unplugging and plugging the server’s own cable closes no port', async () => {
  lab.connect(host, 'ready', clients, 'c-ready');
  setAddress('ready');
  const railhead = await RailheadProcess.start(lab, {
    namespace: host,
    folder,
    settings: { http: { listen: ['0.0.0.0:8080'] }, tftp: { enabled: true } },
  });
  const sockets = async (): Promise<string> => (await lab.run(host, 'ss', ['-Hlnu'])).stdout;
  const before = await sockets();
  expect(before).toContain(`${addressOf('ready')}:69`);
  lab.ip('-n', clients, 'link', 'set', 'c-ready', 'down');
  // Two polls of the interfaces, two seconds apart.
  await new Promise((next) => setTimeout(next, 4_500));
  expect(await sockets()).toBe(before);
  await railhead.stop();
  expect(railhead.log.filter((line) => line.includes('the address is gone'))).toEqual([]);
});
