import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { DhcpProcess } from '../test/e2e/dhcp-process.ts';
import { NetworkLab } from '../src/lab/network-lab.ts';
import { findProgram } from '../test/support/find-program.ts';
import { measureAttacks } from './attacks.ts';
import { fuzzHttp } from './http.ts';
import { fuzzTftp } from './tftp.ts';
import { residentMegabytes } from '../bench/parts/resident-memory.ts';

// Sends a million datagrams, nine of ten of them mutated packets of real firmware and the rest noise, to each port of
// a running server, while a real client asks for a lease again and again. It fails if the server ends, if one of the
// client's tries fails, if a packet was not handled (dhcp_faults), or if memory goes on growing.
// For TFTP the client is curl, and the datagrams come from many addresses and go to the ports of transfers as well.
// For HTTP it sends requests, on a hundred connections at once, and curl fetches what a machine fetches when it boots.
// `attacks` sends no noise: it repeats what once ended the server or kept others out, and says what each costs now.
// `npm run fuzz -- [dhcp|pxe|tftp|http|attacks] [--count N] [--rate N] [--seed N]`; needs root, iproute2, udhcpc and curl.

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '1000000' },
    /** Datagrams per second: slow enough that the server reads them and its kernel does not drop them. */
    rate: { type: 'string', default: '15000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
  },
});
const protocols = positionals.length > 0 ? positionals : ['dhcp', 'pxe', 'tftp', 'http'];
const count = Number(values.count);
/** The increase of resident memory that the second half of a run may cause, in megabytes. */
const GROWTH_MB_MAX = 100;

if (process.getuid?.() !== 0 || ['udhcpc', 'curl'].some((name) => findProgram(name) === undefined)) {
  throw new Error('fuzzing needs root, for network namespaces, udhcpc and curl');
}

let failed = false;
function fail(text: string): void {
  failed = true;
  console.log(`FAILED: ${text}`);
}

for (const protocol of protocols) {
  const lab = new NetworkLab('rhz');
  const folder = mkdtempSync(path.join(tmpdir(), 'railhead-fuzz-'));
  try {
    if (protocol === 'attacks') await attacks(folder);
    else if (protocol === 'http') await http(lab, folder);
    else await (protocol === 'tftp' ? tftp(lab, folder) : fuzz(protocol, lab, folder));
  } finally {
    await lab.remove();
    rmSync(folder, { recursive: true });
  }
}
process.exitCode = failed ? 1 : 0;

async function fuzz(protocol: string, lab: NetworkLab, folder: string): Promise<void> {
  console.log(`${protocol}: ${count} datagrams, seed ${values.seed}`);
  const [inner, outer] = [lab.addNamespace('s'), lab.addNamespace('c')];
  lab.connect(inner, 's0', outer, 'c0');
  lab.ip('-n', inner, 'addr', 'add', '10.77.0.1/16', 'dev', 's0');
  lab.ip('-n', outer, 'addr', 'add', '10.77.0.2/16', 'dev', 'c0');
  lab.ip('-n', outer, 'link', 'add', 'client0', 'link', 'c0', 'type', 'macvlan', 'mode', 'bridge');
  lab.ip('-n', outer, 'link', 'set', 'client0', 'up');
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
  const server = await DhcpProcess.start(inner, {
    store: path.join(folder, 'railhead.db'),
    logLevel: 'warn',
    subnets: [{ interface: 's0', cidr: '10.77.0.0/16', first: '10.77.1.0', last: '10.77.250.255' }],
  });

  const sender = lab.start(outer, process.execPath, [
    '--import', 'tsx', path.join(import.meta.dirname, 'send-dhcp.ts'),
    protocol, values.seed, values.count, values.rate, '10.77.0.1',
  ]); // prettier-ignore
  sender.stderr?.pipe(process.stderr);
  let sent = 0;
  const memory: { sent: number; megabytes: number }[] = [];
  createInterface(sender.stdout).on('line', (line) => {
    sent = Number(line);
    memory.push({ sent, megabytes: residentMegabytes(server.child.pid!) });
  });
  const over = once(sender, 'exit');

  let served = 0;
  while (sender.exitCode === null && server.child.exitCode === null) {
    const client = await lab.run(outer, 'udhcpc', [
      '-i',
      'client0',
      '-n',
      '-q',
      '-f',
      '-s',
      '/bin/true',
      '-t',
      '8',
      '-T',
      '1',
    ]);
    if (client.code === 0) served++;
    else fail(`a client got no lease, after ${sent} datagrams:\n${client.text}`);
    await new Promise((next) => setTimeout(next, 1000));
  }
  await over;
  const middle = memory.find((one) => one.sent >= count / 2)?.megabytes ?? 0;
  const end = memory.at(-1)?.megabytes ?? 0;
  const { counters } = await server.stop();
  console.log(`  the client got a lease ${served} times`);
  console.log(`  resident memory: ${memory[0]?.megabytes} MB, half way ${middle} MB, at the end ${end} MB`);
  console.log(`  ${JSON.stringify(counters)}`);
  if (end - middle > GROWTH_MB_MAX) fail(`memory grew by ${end - middle} MB in the second half`);
  if (counters['dhcp_faults'] !== undefined) {
    fail(`${JSON.stringify(counters['dhcp_faults'])} packets were not handled`);
    for (const line of server.lines.filter((one) => one['level'] === 'error').slice(0, 5))
      console.log(JSON.stringify(line));
  }
}

async function tftp(lab: NetworkLab, folder: string): Promise<void> {
  console.log(`tftp: ${count} datagrams, seed ${values.seed}`);
  const { failures, fetched, megabytes, megabytesAfter } = await fuzzTftp(lab, folder, {
    count,
    rate: values.rate,
    seed: values.seed,
  });
  const [start, middle, end] = megabytes;
  console.log(`  curl got its file ${fetched} times`);
  console.log(
    `  resident memory: ${start} MB, half way ${middle} MB, at the end ${end} MB, then ${megabytesAfter} MB`,
  );
  for (const failure of failures.slice(0, 10)) fail(failure);
  if (fetched === 0) fail('curl got nothing');
  if (end - middle > GROWTH_MB_MAX) fail(`memory grew by ${end - middle} MB in the second half`);
}

async function http(lab: NetworkLab, folder: string): Promise<void> {
  console.log(`http: ${count} requests, seed ${values.seed}`);
  const { boots, failures, leftOpen, megabytes, statuses } = await fuzzHttp(lab, folder, {
    count,
    seed: values.seed,
  });
  const [start, middle, end] = megabytes;
  console.log(`  curl got all that a machine needs ${boots} times`);
  console.log(`  resident memory: ${start} MB, half way ${middle} MB, at the end ${end} MB`);
  console.log(`  answers: ${JSON.stringify(statuses)}`);
  for (const failure of failures.slice(0, 10)) fail(failure);
  if (boots === 0) fail('curl got nothing');
  if (end - middle > GROWTH_MB_MAX) fail(`memory grew by ${end - middle} MB in the second half`);
  if (leftOpen.length > 0) fail(`left open: ${leftOpen.join(', ')}`);
}

async function attacks(folder: string): Promise<void> {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
  console.log('| attack | memory | time | files |\n|---|---|---|---|');
  for await (const cost of measureAttacks(folder)) {
    const { attack, files = [], filesMax = [], megabytes, megabytesMax, ms, msMax } = cost;
    console.log(`| ${attack} | ${megabytes} MB | ${ms} ms | ${files.join(', then ')} |`);
    if (megabytes > megabytesMax) fail(`${attack}: more than ${megabytesMax} MB`);
    if (ms > msMax) fail(`${attack}: more than ${msMax} ms`);
    files.forEach((open, at) => {
      if (open > (filesMax[at] ?? 0)) fail(`${attack}: ${open} files are open`);
    });
  }
}
