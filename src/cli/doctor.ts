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

/** `railhead doctor`: checks what a boot depends on, or follows one machine and says where it hangs. */
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
    .option('--store <file>', 'the database of the running server (default: store.file)')
    .action(async (options: DoctorOptions) => {
      const { loadSettings, SettingsError } = await import('../config/load-settings.ts');
      let settings: Settings;
      try {
        settings = loadSettings({ file: options.config, environment: process.env, flags: [] });
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        process.stderr.write(`${error.message}\n`);
        process.exitCode = 2;
        return;
      }
      if (options.watch !== undefined)
        await watch(options.watch, options.store ?? settings.store.file, settings);
      else await examine(options, settings);
    });
}

function readMac(text: string): MacAddress {
  const mac = parseMac(text);
  if (mac === undefined) throw new InvalidArgumentError('It must be a MAC address like 52:54:00:a1:9c:ae.');
  return mac;
}

async function examine(options: DoctorOptions, settings: Settings): Promise<void> {
  const findings = await collect(options, settings);
  if (options.json === true) process.stdout.write(`${printableJson(findings)}\n`);
  else for (const finding of findings) process.stdout.write(formatFinding(finding));
  if (findings.some((finding) => finding.verdict === 'problem')) process.exitCode = 1;
}

async function collect(options: DoctorOptions, settings: Settings): Promise<Finding[]> {
  const host = await import('../doctor/check-host.ts');
  const { listNetworkInterfaces } = await import('../host/network-interfaces.ts');
  const { checkTftp } = await import('../doctor/check-tftp.ts');
  const interfaces = listNetworkInterfaces();
  const names = options.interface.length > 0 ? options.interface : settings.dhcp.interfaces;
  const chosen = host.selectInterfaces(names, interfaces);
  const findings = [
    ...(await host.checkInterfaces(names, interfaces)),
    ...(await host.checkPermissions()),
    ...(await host.checkPorts()),
  ];
  if (options.bootPrograms !== undefined) {
    const { checkBootPrograms } = await import('../doctor/check-boot-programs.ts');
    findings.push(...(await checkBootPrograms(options.bootPrograms)));
  }
  for (const one of chosen) {
    if (options.probe) findings.push(...(await probe(one, modeOf(one, settings))));
    findings.push(await checkTftp(one.addresses[0], options.tftpFile));
  }
  return [...findings, ...(await collectServed(settings))];
}

/** The parts of a boot that do not hang on an interface. */
async function collectServed({ catalog, http, store }: Settings): Promise<Finding[]> {
  const { checkCatalog } = await import('../doctor/check-catalog.ts');
  const { checkClock } = await import('../doctor/check-clock.ts');
  const { checkDisk } = await import('../doctor/check-disk.ts');
  const { checkHttp } = await import('../doctor/check-http.ts');
  const { now } = SYSTEM_CLOCK;
  const findings: Finding[] = [];
  for (const endpoint of http.listen) if (endpoint.port !== 0) findings.push(await checkHttp(endpoint));
  findings.push(...(await checkCatalog(catalog.dir, now, catalog.assets)));
  findings.push(await checkDisk(store.file));
  findings.push(checkClock(now(), statSync(store.file, { throwIfNoEntry: false })?.mtime));
  return findings;
}

/** How the settings serve the networks that an interface is on. */
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

async function watch(mac: MacAddress, file: string, { http }: Settings): Promise<void> {
  if (!existsSync(file)) {
    process.stderr.write(
      `there is no database ${file}: name the one that the running server uses with --store, or its settings with --config\n`,
    );
    process.exitCode = 1;
    return;
  }
  const { openSqliteEvents } = await import('../store/sqlite/sqlite-store.ts');
  const { findServerProblem } = await import('../doctor/check-http.ts');
  const { watchBoot } = await import('../doctor/watch-boot.ts');
  let store: ReturnType<typeof openSqliteEvents>;
  try {
    store = openSqliteEvents(file);
  } catch (error) {
    // A stack is for our own faults; an operator needs the sentence.
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
    const findProblem = async (): Promise<string | undefined> =>
      endpoint === undefined ? undefined : findServerProblem(endpoint);
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
  } finally {
    await store.close();
  }
}
