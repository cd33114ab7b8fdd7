import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { findProgram } from '../support/find-program.ts';
import { canUsePostgres, PostgresServer } from '../support/postgres-server.ts';
import { DhcpProcess } from './dhcp-process.ts';

// `railhead serve` with its data in PostgreSQL, as a machine and an operator see it.

const missing = ['udhcpc', 'curl'].filter((name) => findProgram(name) === undefined);
const runnable = canMakeNamespaces && missing.length === 0 && canUsePostgres();
if (!canMakeNamespaces || missing.length > 0) {
  console.warn(`skipping serve on PostgreSQL: needs root and ${missing.join(' ') || 'nothing else'}`);
}

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/railhead.js');
const MAC = '52:54:00:00:00:0a';
const KERNEL_ARGUMENT = 'flatcar.first_boot=1';

interface Lists {
  readonly leases: { readonly address: string; readonly mac: string; readonly state: string }[];
  readonly events: { readonly kind: string; readonly mac?: string }[];
  readonly discovered: { readonly macs: readonly string[] }[];
}

describe.runIf(runnable)('serve on PostgreSQL', () => {
  let postgres: PostgresServer;
  let folder: string;
  let lab: NetworkLab;
  let inner: string;
  let outer: string;
  let url: string;
  let server: DhcpProcess;
  beforeAll(async () => {
    postgres = await PostgresServer.start();
    url = postgres.socketUrl(await postgres.createDatabase());
    folder = mkdtempSync(path.join(tmpdir(), 'railhead-serve-postgres-'));
    lab = new NetworkLab('rhg');
    [inner, outer] = [lab.addNamespace('s'), lab.addNamespace('c')];
    lab.connect(inner, 's0', outer, 'e0');
    lab.ip('-n', inner, 'addr', 'add', '10.77.0.1/24', 'dev', 's0');
    lab.ip('-n', outer, 'link', 'set', 'e0', 'address', MAC);
    writeCatalog();
    server = await start();
  });
  afterAll(async () => {
    await server.kill();
    await lab.remove();
    await postgres.remove();
    rmSync(folder, { recursive: true });
  });

  function writeCatalog(): void {
    for (const name of ['profiles', 'groups', 'assets/boot'])
      mkdirSync(path.join(folder, 'files', name), { recursive: true });
    const write = (name: string, text: string): void => writeFileSync(path.join(folder, 'files', name), text);
    write(
      'profiles/worker.yaml',
      `id: worker\nboot: {kernel: /k, args: [${KERNEL_ARGUMENT}]}\nignition: worker.ign\n`,
    );
    write('profiles/worker.ign', '{"ignition":{"version":"3.4.0"}}');
    write('assets/boot/snponly.efi', 'MZ, and no more of a program');
    write('groups/all.yaml', 'id: all\nprofile: worker\n');
  }

  function start(): Promise<DhcpProcess> {
    return DhcpProcess.start(inner, {
      store: path.join(folder, 'unused.db'),
      storeUrl: url,
      catalog: path.join(folder, 'files'),
      logLevel: 'info',
      conflictDetection: 'off',
      subnets: [{ interface: 's0', cidr: '10.77.0.0/24', first: '10.77.0.10', last: '10.77.0.99' }],
    });
  }

  async function lease(...options: string[]): Promise<string | undefined> {
    const script = path.join(import.meta.dirname, 'udhcpc.script');
    const { stdout } = await lab.run(outer, 'udhcpc', [
      '-f', '-i', 'e0', '-s', script, '-n', '-q', '-t', '10', '-T', '1', ...options,
    ]); // prettier-ignore
    return /^bound ip=(\S+)/m.exec(stdout)?.[1];
  }

  /** The answers to the machine over HTTP. */
  async function boot(): Promise<{ ipxe: string; ignition: unknown }> {
    const ask = async (plane: string): Promise<string> => {
      const { stdout } = await lab.run(outer, 'curl', ['-sSf', `http://10.77.0.1:8080/${plane}?mac=${MAC}`]);
      return stdout;
    };
    return { ipxe: await ask('ipxe'), ignition: JSON.parse(await ask('ignition')) };
  }

  async function lists(): Promise<Lists> {
    const { items: leases } = await server.get<{ items: Lists['leases'] }>('/api/v1/leases');
    const { items: events } = await server.get<{ items: Lists['events'] }>(
      `/api/v1/events?after=0&limit=1000&mac=${MAC}`,
    );
    const { items: discovered } = await server.get<{ items: Lists['discovered'] }>('/api/v1/machines');
    return { leases, events, discovered };
  }

  /** Events are written after the answers. */
  async function recorded(kind: string): Promise<Lists> {
    for (;;) {
      const seen = await lists();
      if (seen.events.some((event) => event.kind === kind)) return seen;
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  test('boots a machine, remembers it, and serves the stored catalog after a restart without its files', async () => {
    // The request of UEFI firmware, which is a step of a boot.
    const address = await lease('-V', 'PXEClient:Arch:00007:UNDI:003001', '-x', '0x5d:0007');
    expect(address).toMatch(/^10\.77\.0\.\d+$/);
    const booted = await boot();
    expect(booted.ipxe).toContain(KERNEL_ARGUMENT);
    expect(booted.ignition).toMatchObject({ ignition: { version: '3.4.0' } });
    const before = await recorded('ignition.sent');
    expect(before.leases).toMatchObject([{ address, mac: MAC, state: 'bound' }]);
    expect(before.discovered.map(({ macs }) => macs)).toEqual([[MAC]]);
    expect(before.events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['dhcp.ack', 'ipxe.sent', 'ignition.sent']),
    );
    await server.line({ msg: 'catalog kept' });

    await server.stop();
    rmSync(path.join(folder, 'files'), { recursive: true });
    server = await start();
    const catalog = await server.get<{ generation: { from: string } }>('/api/v1/catalog');
    expect(catalog.generation.from).toBe('kept');
    expect(await boot()).toEqual(booted);
    expect(await lease()).toBe(address);
    const after = await lists();
    expect(after.leases).toHaveLength(1);
    expect(after.events.slice(0, before.events.length)).toEqual(before.events);
    expect(after.discovered.map(({ macs }) => macs)).toEqual([[MAC]]);
  });

  async function doctor(...flags: string[]): Promise<{ code: number; stdout: string }> {
    const config = path.join(folder, 'railhead.yaml');
    return lab.run(inner, process.execPath, [PROGRAM, 'doctor', '--no-probe', '--config', config, ...flags]);
  }

  test('doctor checks that database, beside the server and without it', async () => {
    const beside = (await doctor()).stdout;
    expect(beside).toMatch(
      /^ok {7}the database postgres:\/\/railhead@\/railhead1 answers \(PostgreSQL \S+.*\), and is in use by process \d+ \(railhead serve\) on /m,
    );
    expect(beside).toMatch(/^ok {7}the clock says 20/m);
    expect(beside).not.toContain('the disk of the database');

    const watcher = lab.start(inner, process.execPath, [
      PROGRAM, 'doctor', '--watch', MAC, '--config', path.join(folder, 'railhead.yaml'),
    ]); // prettier-ignore
    let seen = '';
    for await (const chunk of watcher.stdout) {
      seen += String(chunk);
      if (/ignition\.sent/.test(seen)) break;
    }
    watcher.kill('SIGTERM');

    await postgres.shutdown('fast');
    const away = await doctor();
    expect(away.stdout).toMatch(
      /^PROBLEM {2}read the store postgres:\/\/railhead@\/railhead1: .* does not answer/m,
    );
    expect(away.code).toBe(1);
    await postgres.boot();
    await server.stop();
    expect((await doctor()).stdout).toMatch(/^warning .*no Railhead has it open now; the last was process/m);
  });
});
