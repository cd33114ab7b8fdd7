import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import { parseCidr } from '../../src/protocol/ipv4-cidr.ts';
import { BootSessions } from '../../src/provision/history/boot-session.ts';
import { DhcpEngine } from '../../src/provision/dhcp/dhcp-engine.ts';
import { MachineIndex } from '../../src/provision/machines/machine-index.ts';
import { defineSubnet } from '../../src/provision/dhcp/subnets/subnet.ts';
import { BootEventRecorder } from '../../src/history/boot-event-recorder.ts';
import { InterfaceWatcher } from '../../src/host/interface-watcher.ts';
import { Counters } from '../../src/limits/counters.ts';
import { startDhcp } from '../../src/server/dhcp/dhcp-service.ts';
import { EventBudget } from '../../src/provision/history/event-budget.ts';
import { openStore } from '../../src/store/open-store.ts';

// Railhead's DHCP alone, as a process of its own: for benchmarks, and for tests that kill it. Takes its settings as
// JSON, prints "ready" once it listens, and its counters when it is told to end.

/** What the process is told, in its first argument. */
export interface DhcpProcessSettings {
  readonly store: string;
  readonly synchronous?: 'full' | 'normal';
  readonly logLevel?: string;
  readonly subnets: readonly {
    readonly interface: string;
    readonly cidr: string;
    readonly first: string;
    readonly last: string;
    readonly mode?: 'full' | 'proxy';
    readonly leaseSeconds?: number;
  }[];
  readonly conflictDetection?: 'off' | 'not-pxe';
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing or wrong`);
  return value;
}

const settings = JSON.parse(required(process.argv[2], 'the settings')) as DhcpProcessSettings;
const log = pino({ level: settings.logLevel ?? 'warn' }, pino.destination({ dest: 2, sync: false }));
const store = await openStore({ file: settings.store, synchronous: settings.synchronous ?? 'full' });
const counters = new Counters();
const events = new BootEventRecorder({
  store: store.events,
  sessions: new BootSessions(randomUUID),
  budget: new EventBudget(() => false),
  counters,
  log,
  nowMs: () => performance.now(),
});
const engine = new DhcpEngine({
  subnets: settings.subnets.map((one) =>
    defineSubnet({
      id: one.interface,
      cidr: required(parseCidr(one.cidr), 'cidr'),
      mode: one.mode ?? 'full',
      pools: [
        { first: required(parseIpv4(one.first), 'first'), last: required(parseIpv4(one.last), 'last') },
      ],
      leaseSeconds: one.leaseSeconds ?? 3600,
    }),
  ),
  policy: { packetsPerSecond: 1e9, conflictDetection: settings.conflictDetection ?? 'not-pxe' },
  reservations: new MachineIndex([]),
  findBootPlan: ({ serverAddress }) => ({
    boot: {
      bootProgram: 'snponly.efi',
      httpBootUrl: `http://${serverAddress}:8080/snponly.efi`,
      scriptUrl: `http://${serverAddress}:8080/boot.ipxe`,
    },
  }),
});
const interfaces = settings.subnets.map((one) => one.interface);
const service = await startDhcp({
  engine,
  store: store.leases,
  events,
  counters,
  log,
  watcher: new InterfaceWatcher(log),
  now: () => ({ wallMs: Date.now(), monotonicMs: performance.now() }),
  sockets: { interfaces, sharePorts: false },
});
process.once('SIGTERM', () => void end());
const started = process.cpuUsage();
console.log('ready');

async function end(): Promise<void> {
  await service.close();
  await events.flush();
  await store.close();
  const cpu = process.cpuUsage(started);
  const families = [...counters.list()].map(([family, labels]) => [family, Object.fromEntries(labels)]);
  console.log(
    JSON.stringify({
      counters: Object.fromEntries(families) as unknown,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      maxRssKilobytes: process.resourceUsage().maxRSS,
    }),
  );
  process.exit(0);
}
