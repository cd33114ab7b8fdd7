import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { residentMegabytes } from './parts/resident-memory.ts';

// `npm run bench -- catalog [GROUPS...]`: how long catalogs of several sizes take to load and to load again after an
// edit, how much memory they need, and how a load affects requests meanwhile. wrk sends requests on 16 connections
// while 10,000 groups are loaded again: no request may fail, and no answer may mix two generations. The longest wait of
// a request is measured beside wrk, on one connection, and must stay below 100 ms: wrk's own longest wait includes the
// time that wrk itself waits for a processor, of which it uses a whole one.

const MAIN = path.resolve(import.meta.dirname, '../dist/main.js');
const DEFAULT_SIZES = ['10', '1000', '10000', '50000', 'machines'];
const MACHINES = 100_000;
const GROUPS_UNDER_LOAD = 10_000;
const WARM_UP_SECONDS = 5;
const LOAD_SECONDS = 20;
const PAUSE_MAX_MS = 100;

const TEMPLATE = [
  'variant: flatcar',
  'version: 1.0.0',
  'storage:',
  '  files:',
  '    - path: /etc/motd',
  '      contents: {inline: "{{generation}} {{name}} {{generation}}"}',
].join('\n');

interface Served {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[];
  readonly http: string;
  readonly startMs: number;
}

/** Writes the files one after the other, with pauses: timed requests run in this process too. */
async function writeTree(root: string, groups: number, machines: number, generation: string): Promise<void> {
  for (const folder of ['profiles', 'groups', 'machines'])
    await mkdir(path.join(root, folder), { recursive: true });
  // The generation is in the profile twice, as text and as metadata, so that an answer that mixes two is visible.
  await writeFile(
    path.join(root, 'profiles/p.yaml'),
    `id: p\nboot: {kernel: "/${generation}", args: ["again={{generation}}"]}\nignition: p.bu\nmetadata: {generation: ${generation}}\n`,
  );
  await writeFile(path.join(root, 'profiles/p.bu'), TEMPLATE);
  for (let file = 0; file * 100 < groups; file++) {
    const documents: string[] = [];
    for (let index = file * 100; index < Math.min(groups, file * 100 + 100); index++)
      documents.push(
        `id: g${index}\nprofile: p\nselector: {mac: "${macOf(index)}", os: installed}\nmetadata: {name: node${index}}\n`,
      );
    await writeFile(path.join(root, `groups/g${file}.yaml`), documents.join('---\n'));
  }
  for (let file = 0; file * 100 < machines; file++) {
    const documents: string[] = [];
    for (let index = file * 100; index < Math.min(machines, file * 100 + 100); index++)
      documents.push(
        `id: m${index}\nmac: ${macOf(index)}\naddress: 10.${100 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}\nlabels: {rack: "${index % 40}"}\n`,
      );
    await writeFile(path.join(root, `machines/m${file}.yaml`), documents.join('---\n'));
  }
}

function macOf(index: number): string {
  const hex = index.toString(16).padStart(6, '0');
  return `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
}

async function serve(root: string): Promise<Served> {
  const settings = ['http.listen=["127.0.0.1:0"]', 'operator.listen=null', 'catalog.watch=true'];
  const startedMs = Date.now();
  const child = spawn(
    process.execPath,
    [
      MAIN,
      'serve',
      '--dir',
      root,
      '--store',
      path.join(root, 'railhead.db'),
      ...settings.flatMap((one) => ['--set', one]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    // Log lines of requests are not needed here.
    if (!text.includes('"msg":"http"')) lines.push(JSON.parse(text) as Record<string, unknown>);
  });
  const ready = await said({ child, lines }, 'railhead is ready', 1);
  return { child, lines, http: `http://${(ready['http'] as string[])[0]}`, startMs: Date.now() - startedMs };
}

async function said(
  { child, lines }: Pick<Served, 'child' | 'lines'>,
  message: string,
  times: number,
): Promise<Record<string, unknown>> {
  for (;;) {
    const found = lines.filter(({ msg }) => msg === message)[times - 1];
    if (found !== undefined) return found;
    if (child.exitCode !== null) throw new Error(`railhead ended before it said "${message}"`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function residentMb({ child }: Served): number {
  return residentMegabytes(child.pid ?? 0);
}

/**
 * Sends requests repeatedly on one connection, and records the longest wait and every answer that mixes generations.
 */
class Prober {
  longestMs = 0;
  asked = 0;
  failed = 0;
  mixed = 0;
  readonly #http: string;
  #isOver = false;

  constructor(http: string) {
    this.#http = http;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      const index = (this.asked * 7919) % 1000;
      for (const kind of ['ipxe', 'ignition']) {
        const startMs = performance.now();
        const { body, status } = await ask(`${this.#http}/${kind}?mac=${macOf(index)}&os=installed`);
        this.longestMs = Math.max(this.longestMs, performance.now() - startMs);
        this.asked++;
        if (status !== 200) this.failed++;
        const named = new Set(body.match(/generation\d+/g));
        if (status === 200 && named.size !== 1) this.mixed++;
      }
    }
  }

  end(): void {
    this.#isOver = true;
  }
}

function ask(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

/** One row of the table: load, load again after an edit of one group file, and of the template that all use. */
async function measure(groups: number, machines: number): Promise<void> {
  const root = mkdtempSync(path.join(tmpdir(), 'railhead-bench-'));
  try {
    await writeTree(root, groups, machines, 'generation1');
    const served = await serve(root);
    const first = await said(served, 'catalog loaded', 1);
    await said(served, 'catalog kept', 1);
    const afterLoadMb = residentMb(served);
    await writeFile(
      path.join(root, 'groups/g0.yaml'),
      `id: g0\nprofile: p\nselector: {mac: "${macOf(0)}"}\nmetadata: {name: new}\n`,
    );
    const one = await said(served, 'catalog loaded', 2);
    await said(served, 'catalog kept', 2);
    await writeTree(root, groups, machines, 'generation2');
    const all = await said(served, 'catalog loaded', 3);
    await said(served, 'catalog kept', 3);
    const row = [
      groups,
      machines,
      served.startMs,
      first['loadMs'],
      one['loadMs'],
      all['loadMs'],
      afterLoadMb,
      residentMb(served),
    ];
    print(row.map((value) => String(value).padStart(10)).join(''));
    await stop(served);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Loads all groups repeatedly under wrk. */
async function measureUnderLoad(): Promise<boolean> {
  const root = mkdtempSync(path.join(tmpdir(), 'railhead-bench-'));
  try {
    await writeTree(root, GROUPS_UNDER_LOAD, 0, 'generation1');
    const served = await serve(root);
    await said(served, 'catalog kept', 1);
    const url = `${served.http}/ipxe?mac=${macOf(5)}&os=installed`;
    // The compilation at the start of a process does not count as a pause of a load.
    await once(startWrk(url, WARM_UP_SECONDS).child, 'exit');
    const prober = new Prober(served.http);
    const probing = prober.run();
    const wrk = startWrk(url, LOAD_SECONDS);
    const ended = once(wrk.child, 'exit');
    let loads = 1;
    while (wrk.child.exitCode === null) {
      loads++;
      await writeTree(root, GROUPS_UNDER_LOAD, 0, `generation${loads}`);
      await Promise.race([said(served, 'catalog loaded', loads), ended]);
    }
    prober.end();
    await probing;
    const report = wrk.report();
    print(report.trim());
    const longest = Math.round(prober.longestMs);
    print(
      `\nbeside wrk: ${prober.asked} requests on one connection, longest ${longest} ms, ${prober.failed} failed, ${prober.mixed} of two generations, ${loads - 1} loads`,
    );
    await stop(served);
    return (
      prober.failed === 0 &&
      prober.mixed === 0 &&
      longest <= PAUSE_MAX_MS &&
      !/Non-2xx|Socket errors/.test(report)
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

function startWrk(url: string, seconds: number): { child: ChildProcess; report: () => string } {
  const child = spawn('wrk', ['-t1', '-c16', `-d${seconds}s`, '--latency', url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let report = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (report += text));
  return { child, report: () => report };
}

async function stop({ child }: Served): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

execFileSync('which', ['wrk'], { stdio: 'ignore' });
const sizes = process.argv.slice(2);
print('    groups  machines  start ms   load ms one file ms   all ms  loaded MB   then MB');
for (const size of sizes.length === 0 ? DEFAULT_SIZES : sizes) {
  if (size === 'load') continue;
  if (size === 'machines') await measure(10, MACHINES);
  else await measure(Number(size), 0);
}
if (sizes.length === 0 || sizes.includes('load')) {
  print(`\n${GROUPS_UNDER_LOAD} groups are loaded again and again under 16 connections:`);
  if (!(await measureUnderLoad())) {
    print(`FAILED: a request failed, waited over ${PAUSE_MAX_MS} ms, or got two generations`);
    process.exitCode = 1;
  }
}
