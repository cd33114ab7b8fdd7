import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import pino from 'pino';
import { BootDecider } from '../../../src/catalog/boot-decider.ts';
import { loadCatalog } from '../../../src/catalog/load-catalog.ts';
import { Counters } from '../../../src/limits/counters.ts';
import { Lives } from '../../../src/machines/lives.ts';
import { MachineReports } from '../../../src/machines/machine-reports.ts';
import { type MacAddress, parseMac } from '../../../src/protocol/mac-address.ts';
import type { BootEvent } from '../../../src/provision/history/boot-event.ts';
import type { ArmPurpose, Life } from '../../../src/provision/machines/lifecycle/life.ts';
import type { LifeEvent } from '../../../src/provision/machines/lifecycle/life-event.ts';
import { MachineIndex } from '../../../src/provision/machines/machine-index.ts';
import { startBootHttp } from '../../../src/server/boot-http/boot-http-service.ts';
import { SessionTokens } from '../../../src/server/boot-http/session-tokens.ts';
import type { NewReport } from '../../../src/store/report-store.ts';
import { AFTERWARDS, catalogTree } from '../../catalog/catalog-tree.ts';
import { FakeLifeStore } from '../../fakes/fake-life-store.ts';
import { NOW_MS, someArm } from '../../provision/machines/lifecycle/some-lives.ts';

export const MINUTE_MS = 60_000;
export const GRACE_MS = 2 * MINUTE_MS;
/** What only the rightful machine may see: in the metadata of its record, of its group, and in a template. */
export const SECRETS = ['record-secret', 'group-secret', 'template-secret'];

const BOOT = 'boot: {kernel: /k, args: ["u={{ignition_url}}"]}\nignition: own.bu\n';
const GENERIC = 'generic: {secrets: secrets.txt}\n';

const FILES = {
  'profiles/p.yaml': [
    `id: secret\n${BOOT}${GENERIC}protect: session\n`,
    `id: disk\n${BOOT}${GENERIC}lifecycle: install\nprotect: session\nunarmed: wait\n`,
    `id: plain-disk\n${BOOT}${GENERIC}lifecycle: install\n`,
    `id: live\n${BOOT}`,
    `id: installed\nignition: installed.bu\n${GENERIC}`,
    'id: needy\nboot: {kernel: /k, args: ["u={{ignition_url}}"]}\nignition: needy.bu\nprotect: session\n',
  ].join('---\n'),
  'profiles/own.bu': [
    'variant: flatcar\nversion: 1.1.0\nignition:\n  config:\n    merge:\n      - source: "{{generic_url}}&name=secrets"\n',
    'storage:\n  files:\n',
    '    - {path: /password, contents: {inline: "{{default password ""}} {{default group_password ""}}"}}\n',
    '    - {path: /installed, contents: {inline: "{{installed_ignition_url}}"}}\n',
    '    - {path: /metadata, contents: {inline: "{{metadata_url}}"}}\n',
    '    - {path: /report, contents: {inline: "{{report_url}}"}}\n',
  ].join(''),
  'profiles/installed.bu':
    'variant: flatcar\nversion: 1.1.0\nignition: {config: {merge: [{source: "{{generic_url}}&name=secrets"}]}}\nstorage: {files: [{path: /password, contents: {inline: "installed {{default password ""}} {{report_url}}"}}]}\n',
  'profiles/secrets.txt': 'template-secret {{default password ""}}\n',
  // Fails if the request says so.
  'profiles/needy.bu':
    'variant: flatcar\nversion: 1.0.0\nstorage:\n  files:\n    - path: /x\n      contents:\n        inline: x{{#if request.query.bad}}{{required request.query.x "x is needed"}}{{/if}}\n',
  'groups/g.yaml': [
    'id: secret\nprofile: secret\nselector: {role: secret}\nmetadata: {group_password: group-secret}\n',
    'id: disk\nprofile: disk\nselector: {role: disk}\n',
    'id: disk-installed\nprofile: installed\nselector: {role: disk, os: installed}\n',
    'id: plain-disk\nprofile: plain-disk\nselector: {role: plain-disk}\n',
    'id: plain-disk-installed\nprofile: installed\nselector: {role: plain-disk, os: installed}\n',
    'id: auto\nprofile: plain-disk\nselector: {role: auto}\narm: auto\n',
    'id: live\nprofile: live\nselector: {role: live}\n',
    'id: anybody\nprofile: live\nselector: {open: "yes"}\n',
    'id: needy\nprofile: needy\nselector: {role: needy}\n',
  ].join('---\n'),
  'machines/m.yaml': ['secret', 'disk', 'plain-disk', 'auto', 'live', 'needy']
    .map(
      (role, index) =>
        `id: ${role}1\nmac: 52:54:00:00:00:0${index + 1}\nuuid: 5a1c7f8e-0000-4000-8000-00000000000${index + 1}\nlabels: {role: ${role}}\nmetadata: {password: ${role === 'live' ? 'known to all' : 'record-secret'}}\n`,
    )
    .join('---\n'),
};

/** The machines of the catalog: at 127.0.0.1N, with the network card 52:54:00:00:00:0N. */
export const MACHINES = ['secret1', 'disk1', 'plain-disk1', 'auto1', 'live1', 'needy1'] as const;
export type MachineName = (typeof MACHINES)[number];

/** Where a machine is, and how it names itself. */
export function placeOf(name: MachineName) {
  const number = MACHINES.indexOf(name) + 1;
  return {
    address: `127.0.0.1${number}`,
    mac: `52:54:00:00:00:0${number}` as MacAddress,
    uuid: `5a1c7f8e-0000-4000-8000-00000000000${number}`,
    query: `mac=52-54-00-00-00-0${number}`,
  };
}

/** A boot plane with lives: real HTTP on loopback, where each machine has an address, and a clock that tests move. */
export class LifePlane {
  nowMs = NOW_MS;
  readonly store: FakeLifeStore;
  readonly events: BootEvent[] = [];
  /** The reports that were stored. */
  readonly reports: NewReport[] = [];
  /** Why no report can be stored. */
  reportFailure: Error | undefined;
  /** The network cards behind addresses. */
  readonly cards = new Map<string, MacAddress[]>();
  readonly logged: string[] = [];
  lives!: Lives;
  #port = 0;
  #close: () => Promise<void> = () => Promise.resolve();

  private constructor(store: FakeLifeStore) {
    this.store = store;
    for (const name of MACHINES) {
      const { address, mac } = placeOf(name);
      this.cards.set(address, [mac]);
    }
  }

  /** `store` has the lives of an earlier run. */
  static async start(store = new FakeLifeStore()): Promise<LifePlane> {
    const plane = new LifePlane(store);
    await plane.#start();
    return plane;
  }

  async #start(): Promise<void> {
    const tree = catalogTree(FILES);
    const loaded = await loadCatalog(tree, AFTERWARDS);
    if (loaded.generation === undefined || loaded.problems.length > 0) {
      throw new Error(JSON.stringify(loaded.problems));
    }
    const { generation } = loaded;
    const machines = new MachineIndex(loaded.machines);
    const counters = new Counters();
    const log = pino({ level: 'debug' }, { write: (line: string) => void this.logged.push(line) });
    const clock = { now: () => new Date(this.nowMs), nowMs: () => this.nowMs };
    const limits = { stallAfterMs: 5 * MINUTE_MS };
    const lives = await Lives.load({ store: this.store, counters, log, limits, ...clock });
    this.lives = lives;
    const record = (event: BootEvent): boolean => this.events.push(event) > 0;
    const service = await startBootHttp({
      watcher: { follow: () => () => undefined },
      settings: {
        listen: [{ host: '127.0.0.1', port: 0 }],
        trustedProxies: [],
        connections: { total: 1000, perSource: 1000 },
        downloads: { perSource: 100, bytesInFlight: 1 << 20, rateMin: 4_000 },
        requestsPerSource: 100_000,
      },
      machines,
      decider: new BootDecider({
        generation: () => generation,
        unmatched: 'wait',
        lives: {
          inherit: (id, cards) => lives.inherit(id, cards),
          find: (id) => lives.find(id),
          of: (id, declared) => lives.of(id, declared),
          nowMs: () => this.nowMs,
        },
      }),
      lives,
      reports: new MachineReports({ store: this.#reportStore(), lives, now: clock.now }),
      tokens: new SessionTokens(randomBytes, () => this.nowMs),
      cardsBehind: (address) => this.cards.get(address) ?? [],
      sessionOf: () => 'boot-session',
      times: {
        armMs: 60 * MINUTE_MS,
        bootMs: 30 * MINUTE_MS,
        installMs: 60 * MINUTE_MS,
        tokenGraceMs: GRACE_MS,
      },
      withhold: () => undefined,
      pollSeconds: 7,
      findLease: () => undefined,
      findDhcpLabels: () => undefined,
      localBoot: { send: () => 'exit', bootsElse: () => undefined },
      noteRequest: () => undefined,
      readiness: () => ({ ready: true, reasons: [] }),
      serves: () => true,
      assets: tree,
      bootPrograms: new Map(),
      events: { record, keep: (event) => Promise.resolve(record(event) ? 'kept' : 'left_out') },
      findMac: (address) => this.cards.get(address)?.[0],
      counters,
      log,
      ...clock,
    });
    this.#port = service.endpoints[0]?.port ?? 0;
    this.#close = async () => {
      await service.close(0);
      await lives.close();
    };
  }

  #reportStore() {
    return {
      recordReports: (reports: readonly NewReport[]): Promise<void> => {
        if (this.reportFailure !== undefined) return Promise.reject(this.reportFailure);
        this.reports.push(...reports);
        return Promise.resolve();
      },
    };
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Ends the server and starts it anew, with the lives that are stored. */
  async restart(): Promise<void> {
    await this.#close();
    await this.#start();
  }

  /** Asks for a path from an address. */
  ask(
    path: string,
    from: string,
    method = 'GET',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly body: string; readonly headers: Record<string, unknown> }> {
    return new Promise((resolve, reject) => {
      const to = {
        host: '127.0.0.1',
        port: this.#port,
        path,
        method,
        headers,
        localAddress: from,
        agent: false,
      };
      httpRequest(to, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => (body += part));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
        );
      })
        .on('error', reject)
        .end();
    });
  }

  /** What a machine itself asks for. */
  own(name: MachineName, path: string, method = 'GET') {
    const { address, query } = placeOf(name);
    return this.ask(`${path}?${query}`, address, method);
  }

  /** Asks for a URL of ours as it is. */
  fetch(url: string, from: string) {
    return this.ask(url.replace(/^http:\/\/[^/]*/, ''), from);
  }

  lifeOf(name: MachineName): Life {
    return this.lives.of(name, true);
  }

  async happen(name: MachineName, event: LifeEvent): Promise<void> {
    const advance = await this.lives.apply({ machineId: name, declared: true, event, by: 'anna' });
    if (advance.kind === 'invalid') throw new Error(advance.reason);
  }

  arm(name: MachineName, purpose: ArmPurpose = 'install', attemptsLeft = 1): Promise<void> {
    const arm = { ...someArm(purpose, attemptsLeft), expiresAtMs: this.nowMs + 600 * MINUTE_MS };
    return this.happen(name, { kind: 'arm', arm });
  }

  /** The script of a machine, and the URL of its Ignition config in it. */
  async boot(name: MachineName): Promise<string> {
    const { body, status } = await this.own(name, '/ipxe');
    const [, url] = /u=(\S+)/.exec(body) ?? [];
    if (status !== 200 || url === undefined) throw new Error(`no script: ${status} ${body}`);
    return url;
  }

  /** The alarms so far. */
  get alarms(): string[] {
    return this.events.flatMap(({ detail, kind }) =>
      kind === 'access.refused' ? [detail['alarm'] as string] : [],
    );
  }
}

/** The text of a file in an Ignition config. */
export function fileIn(config: string, path: string): string {
  const { storage } = JSON.parse(config) as {
    storage: { files: { path: string; contents: { source: string } }[] };
  };
  const source = storage.files.find((file) => file.path === path)?.contents.source ?? '';
  return decodeURIComponent(source.replace(/^data:[^,]*,/, ''));
}

/** A MAC address that no machine of the catalog has. */
export const STRANGER = parseMac('52:54:00:99:99:99')!;
