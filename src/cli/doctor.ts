import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import { printableText } from '../provision/history/printable-text.ts';
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
}

/** `railhead doctor`: checks what a boot depends on, or follows one machine and says where it hangs. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check what booting from this host depends on, or follow one machine and say where it hangs')
    .option('-i, --interface <name...>', 'interfaces to check (default: all but loopback)', [])
    .option('--boot-programs <folder>', 'check the boot programs in this folder')
    .option('--tftp-file <path>', 'what to ask TFTP for', 'snponly.efi')
    .option('--no-probe', 'do not send a DHCPDISCOVER to find other DHCP servers')
    .option('--json', 'print the findings as JSON')
    .option('--watch <mac>', 'follow the boot of this machine; needs --store', readMac)
    .option('--store <file>', 'the database of the running server')
    .action(async (options: DoctorOptions) => {
      if (options.watch !== undefined) await watch(options.watch, options.store);
      else await examine(options);
    });
}

function readMac(text: string): MacAddress {
  const mac = parseMac(text);
  if (mac === undefined) throw new InvalidArgumentError('It must be a MAC address like 52:54:00:a1:9c:ae.');
  return mac;
}

async function examine(options: DoctorOptions): Promise<void> {
  const findings = await collect(options);
  if (options.json === true) process.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`);
  else for (const finding of findings) process.stdout.write(formatFinding(finding));
  if (findings.some((finding) => finding.verdict === 'problem')) process.exitCode = 1;
}

async function collect(options: DoctorOptions): Promise<Finding[]> {
  const host = await import('../doctor/check-host.ts');
  const { listNetworkInterfaces } = await import('../host/network-interfaces.ts');
  const { checkTftp } = await import('../doctor/check-tftp.ts');
  const interfaces = listNetworkInterfaces();
  const chosen = host.selectInterfaces(options.interface, interfaces);
  const findings = [
    ...(await host.checkInterfaces(options.interface, interfaces)),
    ...(await host.checkPermissions()),
    ...(await host.checkPorts()),
  ];
  if (options.bootPrograms !== undefined) {
    const { checkBootPrograms } = await import('../doctor/check-boot-programs.ts');
    findings.push(...(await checkBootPrograms(options.bootPrograms)));
  }
  for (const one of chosen) {
    if (options.probe) findings.push(...(await probe(one)));
    findings.push(await checkTftp(one.addresses[0], options.tftpFile));
  }
  return findings;
}

async function probe(one: NetworkInterface): Promise<Finding[]> {
  const { judgeDhcpServers, probeDhcpServers } = await import('../doctor/check-dhcp-servers.ts');
  try {
    return judgeDhcpServers(one.name, await probeDhcpServers(one));
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

async function watch(mac: MacAddress, file: string | undefined): Promise<void> {
  if (file === undefined || !existsSync(file)) {
    process.stderr.write(
      file === undefined
        ? '--watch needs --store FILE, the database of the running server\n'
        : `there is no database ${file}: name the one that the running server uses\n`,
    );
    process.exitCode = file === undefined ? 2 : 1;
    return;
  }
  const { openSqliteEvents } = await import('../store/sqlite/sqlite-store.ts');
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
    for await (const news of watchBoot(store.events, mac, ended.signal, () => new Date())) {
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
