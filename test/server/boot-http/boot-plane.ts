import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino, { type Logger } from 'pino';
import type { Generation } from '../../../src/catalog/generation.ts';
import { loadCatalog } from '../../../src/catalog/load-catalog.ts';
import { parseCidr } from '../../../src/protocol/ipv4-cidr.ts';
import type { BootEvent } from '../../../src/provision/history/boot-event.ts';
import { MachineIndex } from '../../../src/provision/machines/machine-index.ts';
import { BootDecider } from '../../../src/catalog/boot-decider.ts';
import type { UnmatchedPolicy } from '../../../src/provision/boot/decide-boot.ts';
import { type MacAddress, parseMac } from '../../../src/protocol/mac-address.ts';
import type { Readiness } from '../../../src/host/readiness.ts';
import { Lives } from '../../../src/machines/lives.ts';
import { MachineReports } from '../../../src/machines/machine-reports.ts';
import { SessionTokens } from '../../../src/server/boot-http/session-tokens.ts';
import { startBootHttp } from '../../../src/server/boot-http/boot-http-service.ts';
import { Counters } from '../../../src/limits/counters.ts';
import { AFTERWARDS } from '../../catalog/catalog-tree.ts';
import { FakeLifeStore } from '../../fakes/fake-life-store.ts';

/** A boot plane on loopback, with a small catalog and some assets. */
export interface BootPlane {
  readonly origin: string;
  readonly port: number;
  readonly events: BootEvent[];
  readonly discovered: string[];
  readonly counters: Counters;
  /** The file behind `/assets/image`, of LARGE_SIZE bytes. */
  readonly image: string;
  /**
   * Sends bytes unchanged, and resolves with everything that the server sends until it closes; `from` is a loopback
   * address.
   */
  readonly raw: (text: string, from?: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

const HOUR_MS = 3_600_000;

/** The files of the test tree. */
export const ASSET = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 251));

/** More than the kernel accepts for a client that does not read. */
export const LARGE_SIZE = 32 << 20;

const FILES: Readonly<Record<string, string | Buffer>> = {
  'profiles/p.yaml':
    'id: p\nboot: {kernel: /assets/k, initrd: [/assets/i], args: ["u={{ignition_url}}"]}\nignition: p.bu\ngeneric: {motd: motd.txt, other: motd.txt}\n',
  'profiles/p.bu':
    'variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - {path: /etc/hostname, contents: {inline: "{{name}}"}}\n',
  'profiles/motd.txt': 'hello {{name}} {{default request.query.foo "-"}}\n',
  'profiles/empty.yaml': 'id: empty\n',
  'profiles/needy.yaml': 'id: needy\nignition: needy.bu\n',
  'profiles/needy.bu':
    'variant: flatcar\nversion: 1.0.0\nstorage: {files: [{path: "/{{request.query.path}}"}]}\n',
  'groups/g.yaml':
    'id: g\nprofile: p\nselector: {rack: "1"}\nmetadata: {name: node}\n---\nid: e\nprofile: empty\nselector: {rack: "2"}\n',
  'machines/m.yaml':
    'id: off\nmac: 52:54:00:00:00:0f\ndisabled: true\n---\nid: known\nmac: 52:54:00:00:00:03\nuuid: 5a1c7f8e-0000-4000-8000-000000000003\nlabels: {rack: "1"}\n',
  'assets/k': ASSET,
  'assets/dir/boot.efi': 'MZ',
  'assets/dir/grub.efi.signed': 'MZ',
  'assets/image': '',
  'assets/.hidden': 'no',
  'secret.txt': 'must never be served',
};

/** Starts a boot plane. `needy` adds a group whose template fails for requests without `path`. */
export async function startBootPlane(
  options: {
    unmatched?: UnmatchedPolicy;
    requestsPerSource?: number;
    downloadsPerSource?: number;
    connections?: number;
    connectionsPerSource?: number;
    broken?: boolean;
    needy?: boolean;
    stallMs?: number;
    log?: Logger;
    readiness?: Readiness;
    /** The network cards behind addresses. */
    cards?: Readonly<Record<string, MacAddress>>;
    withhold?: (address: string) => string | undefined;
    /** A client's address that counts as being on no served network. */
    unserved?: string;
    /** Maximum number of recorded events; further ones are left out. */
    eventsMax?: number;
    /** Whether events whose sender waits cannot be stored. */
    storeFull?: boolean;
  } = {},
): Promise<BootPlane> {
  const root = mkdtempSync(path.join(tmpdir(), 'railhead-http-'));
  for (const [file, content] of Object.entries(FILES)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), content);
  }
  truncateSync(path.join(root, 'assets/image'), LARGE_SIZE);
  symlinkSync('../secret.txt', path.join(root, 'assets/leak'));
  symlinkSync('k', path.join(root, 'assets/current'));
  symlinkSync('grub.efi.signed', path.join(root, 'assets/dir/grub.efi'));
  const loaded = await loadCatalog(root, AFTERWARDS);
  if (loaded.generation === undefined || loaded.problems.length > 0)
    throw new Error(JSON.stringify(loaded.problems));
  let generation: Generation | undefined = options.broken === true ? undefined : loaded.generation;
  if (options.needy === true) generation = withNeedyGroup(loaded.generation);
  const machines = new MachineIndex(loaded.machines);
  const events: BootEvent[] = [];
  const record = (event: BootEvent): boolean =>
    events.length < (options.eventsMax ?? Infinity) && events.push(event) > 0;
  const discovered: string[] = [];
  const counters = new Counters();
  const log = options.log ?? pino({ level: 'silent' });
  const clock = { now: () => new Date(0), nowMs: () => performance.now() };
  const limits = { stallAfterMs: HOUR_MS };
  const lives = await Lives.load({ store: new FakeLifeStore(), counters, log, limits, ...clock });
  const service = await startBootHttp({
    watcher: { follow: () => () => undefined },
    settings: {
      listen: [{ host: '127.0.0.1', port: 0 }],
      trustedProxies: [parseCidr('127.0.0.2/32')!],
      connections: { total: options.connections ?? 1000, perSource: options.connectionsPerSource ?? 1000 },
      downloads: {
        perSource: options.downloadsPerSource ?? 100,
        bytesInFlight: 16 * 1024 * 1024,
        rateMin: 4_000,
      },
      requestsPerSource: options.requestsPerSource ?? 100_000,
    },
    machines,
    decider: new BootDecider({
      generation: () => generation,
      unmatched: options.unmatched ?? 'wait',
      lives: {
        inherit: () => undefined,
        find: (id) => lives.find(id),
        of: (id, declared) => lives.of(id, declared),
        nowMs: () => 0,
      },
    }),
    reports: new MachineReports({ store: { recordReports: () => Promise.resolve() }, lives, now: clock.now }),
    lives,
    tokens: new SessionTokens(randomBytes, () => 0),
    cardsBehind: () => [],
    sessionOf: () => 'session',
    times: { armMs: HOUR_MS, bootMs: HOUR_MS, installMs: HOUR_MS, tokenGraceMs: 120_000 },
    withhold: (address) => options.withhold?.(address),
    pollSeconds: 7,
    findLease: () => undefined,
    findDhcpLabels: () => undefined,
    localBoot: { send: () => 'sanboot', bootsElse: () => undefined },
    noteRequest: (_request, { identification, resolution }) => {
      if (identification.machine === undefined) discovered.push(resolution.claimed.get('mac') ?? '?');
    },
    readiness: () => options.readiness ?? { ready: true, reasons: [] },
    serves: (address) => address !== options.unserved,
    assets: path.join(root, 'assets'),
    bootPrograms: new Map([
      ['gone.efi', { name: 'gone.efi', file: path.join(root, 'assets/dir/gone.efi'), size: 2 }],
      ['grub.efi', { name: 'grub.efi', file: path.join(root, 'assets/dir/grub.efi.signed'), size: 2 }],
      ['snponly.efi', { name: 'snponly.efi', file: path.join(root, 'assets/dir/boot.efi'), size: 2 }],
    ]),
    events: {
      record,
      keep: (event) =>
        Promise.resolve(options.storeFull === true ? 'failed' : record(event) ? 'kept' : 'left_out'),
    },
    findMac: (address) =>
      options.cards?.[address] ?? (address === '10.77.0.20' ? parseMac('52:54:00:00:00:03') : undefined),
    counters,
    log,
    ...clock,
    ...(options.stallMs !== undefined && { stallMs: options.stallMs }),
  });
  const [endpoint] = service.endpoints;
  if (endpoint === undefined) throw new Error('the boot plane does not listen');
  const { port } = endpoint;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    events,
    discovered,
    counters,
    image: path.join(root, 'assets/image'),
    raw: (text, from = '127.0.0.1') =>
      new Promise((resolve, reject) => {
        const to = { port, host: '127.0.0.1', localAddress: from };
        const socket = connect(to, () => socket.write(text));
        let answer = '';
        socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
        socket.on('error', reject).on('close', () => resolve(answer));
      }),
    close: async () => {
      await service.close(0);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The same generation, in which a machine without a group gets the profile `needy`. */
function withNeedyGroup(generation: Generation): Generation {
  const compiled = generation.profiles.get('needy');
  const [group] = generation.groups;
  if (compiled === undefined || group === undefined) throw new Error('the tree has no profile needy');
  return Object.assign(Object.create(generation) as Generation, {
    resolve: (claimed: ReadonlyMap<string, string>) => ({
      claimed,
      labels: claimed,
      match: { group, compiled },
    }),
    ignitionConfig: generation.ignitionConfig.bind(generation),
  });
}
