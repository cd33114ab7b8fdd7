import { existsSync, statSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { SYSTEM_CLOCK } from '../app/clock.ts';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import { printableJson, printableText } from '../provision/history/printable-text.ts';
import type { Settings } from '../config/schema.ts';
import { cidrContains } from '../protocol/ipv4-cidr.ts';
import type { ServedMode } from '../doctor/check-dhcp-servers.ts';
import type { Finding } from '../doctor/finding.ts';
import type { NetworkInterface } from '../host/network-interfaces.ts';
import type { EventReader } from '../store/event-store.ts';
import type { StoreSettings } from '../store/open-store.ts';
import type { PostgresState } from '../store/postgres/postgres-reader.ts';
import { settingsOrReport } from './settings-or-report.ts';

interface DoctorOptions {
  readonly interface: readonly string[];
  readonly bootPrograms?: string;
  readonly tftpFile: string;
  readonly probe: boolean;
  readonly json?: boolean;
  readonly watch?: MacAddress;
  readonly store?: string;
  readonly config?: string;
}

/** `railhead doctor`: checks what a boot depends on, or follows one machine and reports where it is stuck. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check what booting from this host depends on, or follow one machine and say where it hangs')
    .option('--config <file>', 'settings of the server; railhead.yaml in this directory if it is there')
    .option(
      '-i, --interface <name...>',
      'interfaces to check (default: dhcp.interfaces, or all but loopback)',
      [],
    )
    .option('--boot-programs <folder>', 'check the boot programs in this folder')
    .option('--tftp-file <path>', 'what to ask TFTP for', 'snponly.efi')
    .option('--no-probe', 'do not send a DHCPDISCOVER to find other DHCP servers')
    .option('--json', 'print the findings as JSON')
    .option('--watch <mac>', 'follow the boot of this machine', readMac)
    .option('--store <file or url>', 'the database of the running server (default: store.file or store.url)')
    .action(async (options: DoctorOptions) => {
      const settings = await settingsOrReport(options.config);
      if (settings === undefined) return;
      const { toStoreSettings } = await import('../config/sections/store.ts');
      const store = storeOf(options.store, settings) ?? toStoreSettings(settings.store);
      if (options.watch !== undefined) await watch(options.watch, store, settings);
      else await examine(options, settings, store);
    });
}

function readMac(text: string): MacAddress {
  const mac = parseMac(text);
  if (mac === undefined) throw new InvalidArgumentError('It must be a MAC address like 52:54:00:a1:9c:ae.');
  return mac;
}

/** The database that the flag names; undefined without the flag. */
function storeOf(named: string | undefined, { store }: Settings): StoreSettings | undefined {
  if (named === undefined) return undefined;
  const { password_file: passwordFile, synchronous } = store;
  return /^postgres(ql)?:/.test(named)
    ? { url: named, passwordFile, synchronous }
    : { file: named, synchronous };
}

async function examine(options: DoctorOptions, settings: Settings, store: StoreSettings): Promise<void> {
  const findings = [
    ...(await collect(options, settings)),
    ...(await collectServed(settings)),
    ...(await collectStore(store)),
  ];
  if (options.json === true) process.stdout.write(`${printableJson(findings)}\n`);
  else for (const finding of findings) process.stdout.write(formatFinding(finding));
  if (findings.some((finding) => finding.verdict === 'problem')) process.exitCode = 1;
}

async function collect(options: DoctorOptions, settings: Settings): Promise<Finding[]> {
  const host = await import('../doctor/check-host.ts');
  const { listNetworkInterfaces } = await import('../host/network-interfaces.ts');
  const { checkTftp } = await import('../doctor/check-tftp.ts');
  const { checkUnit } = await import('../doctor/check-unit.ts');
  const interfaces = listNetworkInterfaces();
  const names = options.interface.length > 0 ? options.interface : settings.dhcp.interfaces;
  const chosen = host.selectInterfaces(names, interfaces);
  const findings = [
    ...(await host.checkInterfaces(names, interfaces)),
    ...(await host.checkPermissions()),
    ...(await host.checkPorts()),
    ...(await checkUnit()),
  ];
  if (options.bootPrograms !== undefined) {
    const { checkBootPrograms } = await import('../doctor/check-boot-programs.ts');
    findings.push(...(await checkBootPrograms(options.bootPrograms)));
  }
  for (const one of chosen) {
    if (options.probe) findings.push(...(await probe(one, modeOf(one, settings))));
    findings.push(await checkTftp(one.addresses[0], options.tftpFile));
  }
  return findings;
}

/** Checks that do not depend on an interface. */
async function collectServed({ catalog, http }: Settings): Promise<Finding[]> {
  const { checkCatalog } = await import('../doctor/check-catalog.ts');
  const { checkHttp } = await import('../doctor/check-http.ts');
  const findings: Finding[] = [];
  for (const endpoint of http.listen) if (endpoint.port !== 0) findings.push(await checkHttp(endpoint));
  findings.push(...(await checkCatalog(catalog.dir, SYSTEM_CLOCK.now, catalog.assets)));
  return findings;
}

/** Checks the database, and that the clock is not before the latest time in the database. */
async function collectStore(store: StoreSettings): Promise<Finding[]> {
  const { checkClock } = await import('../doctor/check-clock.ts');
  if (!('url' in store)) {
    const { checkDisk } = await import('../doctor/check-disk.ts');
    const changed = statSync(store.file, { throwIfNoEntry: false })?.mtime;
    return [await checkDisk(store.file), checkClock(SYSTEM_CLOCK.now(), changed)];
  }
  const { checkPostgres } = await import('../doctor/check-postgres.ts');
  const { lookAtPostgres } = await import('../store/postgres/postgres-reader.ts');
  const { postgresName } = await import('../store/postgres/postgres-connection.ts');
  let changed: Date | undefined;
  const look = async (): Promise<PostgresState> => {
    const state = await lookAtPostgres(store);
    changed = state.owner?.since;
    return state;
  };
  const findings = await checkPostgres(postgresName(store.url), look);
  return [...findings, checkClock(SYSTEM_CLOCK.now(), changed)];
}

/** How the settings serve the networks of an interface. */
function modeOf({ addresses }: NetworkInterface, { networks }: Settings): ServedMode {
  return networks.find(({ cidr }) => addresses.some((address) => cidrContains(cidr, address)))?.mode;
}

async function probe(one: NetworkInterface, mode: ServedMode): Promise<Finding[]> {
  const { judgeDhcpServers, probeDhcpServers } = await import('../doctor/check-dhcp-servers.ts');
  try {
    return judgeDhcpServers(one.name, await probeDhcpServers(one), mode);
  } catch (error) {
    const text = `other DHCP servers cannot be looked for: ${error instanceof Error ? error.message : String(error)}`;
    return [{ check: 'foreign-dhcp', verdict: 'warning', text }];
  }
}

const MARKS = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' } as const;

function formatFinding({ remedy, text, verdict }: Finding): string {
  const next = remedy === undefined ? '' : `         -> ${printableText(remedy)}\n`;
  return `${MARKS[verdict]} ${printableText(text)}\n${next}`;
}

async function watch(mac: MacAddress, place: StoreSettings, { http }: Settings): Promise<void> {
  if (!('url' in place) && !existsSync(place.file)) {
    process.stderr.write(
      `there is no database ${place.file}: name the one that the running server uses with --store, or its settings with --config\n`,
    );
    process.exitCode = 1;
    return;
  }
  const { openEventReader } = await import('../store/open-store.ts');
  const { findFullDisk } = await import('../store/sqlite/sqlite-errors.ts');
  const { StoreError } = await import('../store/store-error.ts');
  const { findServerProblem } = await import('../doctor/check-http.ts');
  const { watchBoot } = await import('../doctor/watch-boot.ts');
  let store: EventReader;
  try {
    store = await openEventReader(place);
  } catch (error) {
    // A stack trace is only for bugs of ours; an operator needs the sentence.
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    return;
  }
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  process.once('SIGTERM', () => ended.abort());
  process.stderr.write(`watching ${mac}; end with Ctrl-C\n`);
  try {
    const endpoint = http.listen.find(({ port }) => port !== 0);
    // If the server is not running, it cannot report the cause; its disk can still be checked.
    const findProblem = async (): Promise<string | undefined> =>
      (endpoint === undefined ? undefined : await findServerProblem(endpoint)) ??
      ('url' in place ? undefined : findFullDisk(place.file)?.message);
    for await (const news of watchBoot(store.events, mac, ended.signal, SYSTEM_CLOCK.now, findProblem)) {
      if (news.kind === 'event') {
        const { at, kind, summary } = news.event;
        process.stdout.write(`${at.toISOString()}  ${kind.padEnd(18)}  ${printableText(summary)}\n`);
      } else {
        const { advice, text, verdict } = news.diagnosis;
        const next = advice === undefined ? '' : `  -> ${printableText(advice)}\n`;
        process.stdout.write(`${verdict}: ${printableText(text)}\n${next}`);
      }
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } finally {
    await store.close();
  }
}
