import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

// `npm run bench -- lives [MAIN]`: what the lives of machines cost `/ipxe`. wrk asks for the scripts of 10,000 machines
// on 16 connections, of a catalog without lifecycle and of one in which 100 of them must be armed. With MAIN, the
// dist/main.js of another build, that build serves the first catalog, for a comparison with an earlier version. Rounds
// alternate, since the load of the host changes.

const OWN_MAIN = path.resolve(import.meta.dirname, '../dist/main.js');
const MACHINES = 10_000;
const ARMED = 100;
const ROUNDS = 5;
const ROUND_SECONDS = 5;
const LOSS_MAX = 0.1;

interface Served {
  readonly child: ChildProcess;
  readonly http: string;
}

function macOf(index: number): string {
  const hex = index.toString(16).padStart(6, '0');
  return `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
}

/** A catalog in which the first machines have a profile that installs them, if `armed` is set. */
function writeTree(root: string, armed: boolean): void {
  for (const folder of ['profiles', 'groups', 'machines'])
    mkdirSync(path.join(root, folder), { recursive: true });
  const boot = 'boot: {kernel: /k, initrd: [/i], args: ["u={{ignition_url}}", "console=ttyS0"]}';
  const install = armed ? `---\nid: install\n${boot}\nlifecycle: install\n` : '';
  writeFileSync(path.join(root, 'profiles/p.yaml'), `id: live\n${boot}\n${install}`);
  writeFileSync(
    path.join(root, 'groups/g.yaml'),
    `id: live\nprofile: live\nselector: {role: live}\n---\nid: install\nprofile: ${armed ? 'install' : 'live'}\nselector: {role: install}\n${armed ? 'arm: auto\n' : ''}`,
  );
  const machines = Array.from({ length: MACHINES }, (_, index) => {
    const role = index < ARMED ? 'install' : 'live';
    return `id: m${index}\nmac: ${macOf(index)}\nlabels: {role: ${role}}\n`;
  });
  writeFileSync(path.join(root, 'machines/m.yaml'), machines.join('---\n'));
}

async function serve(main: string, root: string): Promise<Served> {
  const settings = ['http.listen=["127.0.0.1:0"]', 'operator.listen=null', 'catalog.watch=false'];
  const child = spawn(
    process.execPath,
    [
      main,
      'serve',
      '--dir',
      root,
      '--store',
      path.join(root, 'railhead.db'),
      ...settings.flatMap((one) => ['--set', one]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('railhead ended before it was ready')));
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (!text.includes('railhead is ready')) return;
      const { http } = JSON.parse(text) as { http: string[] };
      resolve({ child, http: `http://${http[0]}` });
    });
  });
}

/** Scripts per second, asked for by all machines in turn. */
async function measure({ http }: Served, script: string): Promise<number> {
  const child = spawn('wrk', ['-t1', '-c16', `-d${ROUND_SECONDS}s`, '-s', script, http], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let report = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (report += text));
  await once(child, 'exit');
  if (/Socket errors/.test(report)) throw new Error(report);
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(report)?.[1]);
}

const folder = mkdtempSync(path.join(tmpdir(), 'railhead-bench-'));
const script = path.join(folder, 'machines.lua');
writeFileSync(
  script,
  `local asked = 0\nrequest = function()\n  asked = (asked + 1) % ${MACHINES}\n  return wrk.format("GET", string.format("/ipxe?uuid=&mac=52-54-00-%02x-%02x-%02x&arch=x86_64&platform=efi", math.floor(asked / 65536), math.floor(asked / 256) % 256, asked % 256))\nend\n`,
);
execFileSync('which', ['wrk'], { stdio: 'ignore' });
const [baseMain = OWN_MAIN] = process.argv.slice(2);
const served: Served[] = [];
try {
  for (const [name, main, armed] of [
    ['without', baseMain, false],
    ['with', OWN_MAIN, true],
  ] as const) {
    const root = path.join(folder, name);
    writeTree(root, armed);
    served.push(await serve(main, root));
  }
  const rates: number[][] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, one] of served.entries()) {
      const rate = await measure(one, script);
      // The first round is for the compiler.
      if (round > 0) rates[index]?.push(rate);
    }
  }
  const [without = 0, withLives = 0] = rates.map(
    (one) => one.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0,
  );
  const loss = 1 - withLives / without;
  process.stdout.write(
    `/ipxe a second: ${Math.round(without)} without lifecycle, ${Math.round(withLives)} with ${ARMED} armed machines of ${MACHINES}: ${(loss * 100).toFixed(1)} % fewer\n`,
  );
  if (loss > LOSS_MAX) process.exitCode = 1;
} finally {
  for (const { child } of served) child.removeAllListeners('exit').kill('SIGTERM');
  await Promise.all(served.map(({ child }) => once(child, 'exit')));
  rmSync(folder, { recursive: true });
}
