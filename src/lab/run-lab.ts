import { setTimeout as delay } from 'node:timers/promises';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import { Rack, RACK_CIDR, RACK_ORIGIN, type RackMachine } from './rack.ts';
import { rackCatalog, type RackRole } from './rack-catalog.ts';
import type { RailheadProcess } from './railhead-process.ts';
import type { Firmware, VirtualMachine } from './virtual-machine.ts';

/** What to try. */
export interface LabOptions {
  /** One machine each. */
  readonly firmwares: readonly Firmware[];
  /** From power-on to the end of the slowest machine. */
  readonly timeoutSeconds: number;
  /** Whether to leave the rack as it is at the end, until `signal`. */
  readonly keep: boolean;
  /** Whether to show what the machines print on their serial ports. */
  readonly showConsoles: boolean;
  readonly cacheDir: string;
}

/** What became of a machine. */
export interface LabResult {
  readonly machine: RackMachine;
  readonly role: string;
  /** As its own root file system has it after Ignition; undefined if it did not come to that. */
  readonly hostname: string | undefined;
  /** Why not, in one line. */
  readonly failure: string | undefined;
  readonly seconds: number;
}

const ROLES = ['web', 'db'] as const;
/** How often the server is asked for new events. */
const EVENT_POLL_MS = 400;
/** The server writes events behind; the last ones are waited for as often as this. */
const LAST_POLLS_MAX = 5;

/**
 * Makes a rack, boots its machines and shows every boot event as it happens; `print` takes the lines. Resolves with
 * one result for each machine, when all have ended. The rack is gone then, however it ends.
 */
export async function runLab(
  options: LabOptions,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly LabResult[]> {
  const roles = options.firmwares.map((firmware, index) => roleFor(firmware, index));
  print('Building the test system: a Debian kernel, busybox and Ignition (kept for the next time)');
  const rack = await Rack.create(options.cacheDir);
  try {
    await rack.writeCatalog(rackCatalog(roles));
    const railhead = await rack.startRailhead('full');
    print(`Railhead serves ${RACK_CIDR} at ${RACK_ORIGIN}, in the network namespace ${rack.namespace}`);
    const clock = startClock();
    const names = new Map<string, string>(roles.map(({ machine }) => [machine.mac, machine.name]));
    const events = showEvents(railhead, names, (name, text) => print(eventLine(clock(), name, text)));
    let results: readonly LabResult[] = [];
    try {
      results = await Promise.all(
        roles.map(async (each) => {
          const { machine, role } = each;
          print(
            eventLine(clock(), machine.name, `power on: ${machine.firmware}, ${machine.mac}, role ${role}`),
          );
          const booted = await rack.powerOn(machine);
          if (options.showConsoles)
            booted.console.onLine((line) => print(eventLine(clock(), machine.name, `| ${line}`)));
          return await follow(each, booted, clock, options.timeoutSeconds, signal);
        }),
      );
    } finally {
      await events.stop(
        results.filter(({ hostname }) => hostname !== undefined).map(({ machine }) => machine.mac),
      );
    }
    for (const line of summary(results)) print(line);
    if (options.keep && !signal.aborted) await keep(rack, print, signal);
    return results;
  } finally {
    await rack.close();
  }
}

function roleFor(firmware: Firmware, index: number): RackRole {
  const number = index + 1;
  const mac = parseMac(`52:54:00:77:01:${number.toString(16).padStart(2, '0')}`) as MacAddress;
  return { machine: { name: `node${number}`, firmware, mac }, role: ROLES[index % ROLES.length] ?? ROLES[0] };
}

/** Waits for the machine's own system to say how it went. */
async function follow(
  { machine, role }: RackRole,
  booted: VirtualMachine,
  clock: () => number,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<LabResult> {
  const result = { machine, role };
  const stop = (): void => void booted.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // The last word comes after the report, so that all events are there.
    const last = await booted.console.waitForLine(
      /railhead-lab: (?:done|failed: (?<failure>.*))/,
      timeoutSeconds * 1000,
    );
    const named = booted.console.tail().map((line) => /railhead-lab: hostname: (\S+)/.exec(line)?.[1]);
    const hostname = named.findLast((name) => name !== undefined);
    const failure = last.groups?.['failure'];
    return { ...result, hostname, failure, seconds: clock() };
  } catch (error) {
    const failure = signal.aborted ? 'interrupted' : (error as Error).message;
    return { ...result, hostname: undefined, failure, seconds: clock() };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Shows events until `stop`, which shows the rest of them: up to the report of each machine that it is given. */
function showEvents(
  railhead: RailheadProcess,
  names: ReadonlyMap<string, string>,
  show: (name: string, text: string) => void,
): { stop(reporting: readonly MacAddress[]): Promise<void> } {
  let last = 0;
  const reported = new Set<string>();
  const stopping = new AbortController();
  const poll = async (): Promise<void> => {
    for (const { id, kind, mac = '', summary } of await railhead.eventsAfter(last)) {
      last = id;
      if (kind === 'machine.report') reported.add(mac);
      show(names.get(mac) ?? '-', `${kind.padEnd(17)} ${summary}`);
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await poll();
      await delay(EVENT_POLL_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  // The server may have been interrupted together with us: then there is nothing more to show.
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

async function keep(rack: Rack, print: (line: string) => void, signal: AbortSignal): Promise<void> {
  const inside = `ip netns exec ${rack.namespace}`;
  print('');
  print('The rack stays until you press Ctrl-C. In another terminal:');
  print(`  ${inside} curl -s http://127.0.0.1:8081/api/v1/events`);
  print(`  ${inside} curl -s '${RACK_ORIGIN}/ipxe?mac=52:54:00:77:01:01'`);
  print(`  the catalog is in ${rack.catalog}; edits take effect by themselves`);
  await new Promise<void>((resolve) => {
    // A listener alone does not keep the program alive.
    const alive = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** A table, one machine a row, and the console of each that failed. */
export function summary(results: readonly LabResult[]): string[] {
  const rows = results.map(({ failure, hostname, machine, role, seconds }) => [
    machine.name,
    machine.firmware,
    machine.mac,
    role,
    hostname ?? '-',
    hostname === undefined ? `failed: ${failure?.split('\n')[0] ?? ''}` : `${seconds.toFixed(0)} s`,
  ]);
  const table = [['machine', 'firmware', 'MAC', 'role', 'hostname', 'result'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const booted = results.filter(({ hostname, machine }) => hostname === machine.name).length;
  return [
    '',
    ...table.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    ...results.flatMap(({ failure = '', machine }) => {
      const [, ...consoleLines] = failure.split('\n');
      return consoleLines.length === 0 ? [] : ['', `The console of ${machine.name} ends:`, ...consoleLines];
    }),
    '',
    `${booted} of ${results.length} machines went from power-on to a host name of their own`,
  ];
}

function eventLine(seconds: number, name: string, text: string): string {
  return `${seconds.toFixed(1).padStart(6)} s  ${name.padEnd(6)} ${text}`;
}

/** Seconds since now. */
function startClock(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1000;
}
