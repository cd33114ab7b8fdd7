import { setTimeout as delay } from 'node:timers/promises';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import { type LabReport, type LabResult, plural } from './lab-report.ts';
import { Rack, RACK_CIDR, RACK_ORIGIN } from './rack.ts';
import { rackCatalog, type RackRole } from './rack-catalog.ts';
import type { RailheadProcess } from './railhead-process.ts';
import { NoSuchLineError } from './serial-console.ts';
import type { Firmware, VirtualMachine } from './virtual-machine.ts';

/** What to run. */
export interface LabOptions {
  /** One machine each. */
  readonly firmwares: readonly Firmware[];
  /** Time limit from power-on to the end of the slowest machine. */
  readonly timeoutSeconds: number;
  /** Whether to keep the rack at the end, until `signal`. */
  readonly keep: boolean;
  /** Whether to show what the machines print on their serial ports. */
  readonly showConsoles: boolean;
  readonly cacheDir: string;
}

const ROLES = ['web', 'db'] as const;
/** How often the server is asked for new events. */
const EVENT_POLL_MS = 400;
/** The server writes events with a delay; this is how often the last ones are awaited. */
const LAST_POLLS_MAX = 5;

/**
 * Creates a rack, boots its machines and reports every boot event as it happens. Resolves with one result for each
 * machine when all have ended; with none if `signal` came before they were switched on. The rack is removed then,
 * however the run ends.
 */
export async function runLab(
  options: LabOptions,
  report: LabReport,
  signal: AbortSignal,
): Promise<readonly LabResult[]> {
  const roles = options.firmwares.map((firmware, index) => roleFor(firmware, index));
  report.title(`A virtual rack of ${plural(roles.length, 'machine')}, in a network of its own`);
  report.fact('system', 'a Debian kernel, busybox and Ignition; built once, and kept');
  const rack = await Rack.create(options.cacheDir);
  let results: readonly LabResult[] = [];
  try {
    await rack.writeCatalog(rackCatalog(roles));
    if (signal.aborted) return results;
    const railhead = await rack.startRailhead('full');
    report.fact('server', `railhead serve, for ${RACK_CIDR}, at ${RACK_ORIGIN}`);
    report.fact('network', `namespace ${rack.namespace}`);
    results = await bootAll(roles, rack, railhead, options, report, signal);
    report.summary(results);
    if (options.keep && !signal.aborted) await keep(rack, report, signal);
  } finally {
    await rack.close();
  }
  report.end(results, signal.aborted);
  return results;
}

/** Switches all machines on, and waits for all of them. */
async function bootAll(
  roles: readonly RackRole[],
  rack: Rack,
  railhead: RailheadProcess,
  options: LabOptions,
  report: LabReport,
  signal: AbortSignal,
): Promise<readonly LabResult[]> {
  const clock = startClock();
  const names = new Map<string, string>(roles.map(({ machine }) => [machine.mac, machine.name]));
  const events = showEvents(railhead, names, (name, kind, text) => report.event(clock(), name, kind, text));
  let results: readonly LabResult[] = [];
  try {
    results = await Promise.all(
      roles.map(async (each) => {
        const { firmware, mac, name } = each.machine;
        report.event(clock(), name, 'power on', `firmware ${firmware}, MAC ${mac}, role ${each.role}`);
        const booted = await rack.powerOn(each.machine);
        if (options.showConsoles) booted.console.onLine((line) => report.event(clock(), name, '|', line));
        const result = await follow(each, booted, clock, options.timeoutSeconds, signal);
        if (result.failure !== undefined) report.event(clock(), name, 'failed', result.failure);
        return result;
      }),
    );
  } finally {
    await events.stop(
      results.filter(({ failure }) => failure === undefined).map(({ machine }) => machine.mac),
    );
  }
  return results;
}

function roleFor(firmware: Firmware, index: number): RackRole {
  const number = index + 1;
  const mac = parseMac(`52:54:00:77:01:${number.toString(16).padStart(2, '0')}`) as MacAddress;
  return { machine: { name: `node${number}`, firmware, mac }, role: ROLES[index % ROLES.length] ?? ROLES[0] };
}

/** Waits for the machine's own system to report its result. */
async function follow(
  { machine, role }: RackRole,
  booted: VirtualMachine,
  clock: () => number,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<LabResult> {
  const failed = (failure: string): LabResult => ({
    machine,
    role,
    hostname: undefined,
    failure,
    // After an interruption the results of the machines are not reported.
    consoleEnding: signal.aborted ? [] : booted.console.ending(),
    seconds: clock(),
  });
  const stop = (): void => void booted.stop();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // The machine switches itself off after its report, so all events are there.
    const last = await booted.console.waitForLine(
      /railhead-lab: (?:done|failed: (?<failure>.*))/,
      timeoutSeconds * 1000,
    );
    const failure = last.groups?.['failure'];
    if (failure !== undefined) return failed(failure);
    const [, hostname] = await booted.console.waitForLine(/railhead-lab: hostname: (\S+)/, 0);
    if (hostname !== machine.name) return failed(`its host name is ${hostname}, not ${machine.name}`);
    return { machine, role, hostname, failure, consoleEnding: [], seconds: clock() };
  } catch (error) {
    if (!(error instanceof NoSuchLineError)) throw error;
    return failed(signal.aborted ? 'interrupted' : error.reason);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Shows events until `stop`, which shows the remaining ones, up to the report of each machine that is given. */
function showEvents(
  railhead: RailheadProcess,
  names: ReadonlyMap<string, string>,
  show: (name: string, kind: string, text: string) => void,
): { stop(reporting: readonly MacAddress[]): Promise<void> } {
  let last = 0;
  const reported = new Set<string>();
  const stopping = new AbortController();
  const poll = async (): Promise<void> => {
    for (const { id, kind, mac = '', summary } of await railhead.eventsAfter(last)) {
      last = id;
      if (kind === 'machine.report') reported.add(mac);
      show(names.get(mac) ?? '-', kind, summary);
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await poll();
      await delay(EVENT_POLL_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  // The server may have been interrupted together with this program: then there is nothing more to show.
  const running = loop().catch(() => undefined);
  const showRest = async (reporting: readonly MacAddress[]): Promise<void> => {
    for (let polls = 0; polls < LAST_POLLS_MAX; polls++) {
      await poll();
      if (reporting.every((mac) => reported.has(mac))) return;
      await delay(EVENT_POLL_MS);
    }
  };
  return {
    async stop(reporting) {
      stopping.abort();
      await running;
      await showRest(reporting).catch(() => undefined);
    },
  };
}

async function keep(rack: Rack, report: LabReport, signal: AbortSignal): Promise<void> {
  const inside = `ip netns exec ${rack.namespace}`;
  report.note('The rack stays until you press Ctrl-C. In another terminal:', [
    `${inside} curl -s -H "Authorization: Bearer $(cat ${rack.catalog}/operator.token)" http://127.0.0.1:8081/api/v1/events`,
    `${inside} curl -s '${RACK_ORIGIN}/ipxe?mac=52:54:00:77:01:01'`,
    `the catalog is in ${rack.catalog}; edits take effect by themselves`,
  ]);
  await new Promise<void>((resolve) => {
    // A listener alone does not keep the program running.
    const alive = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** Seconds since now. */
function startClock(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1000;
}
