import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';
import { catalogTree, writeCatalogFile } from './catalog-tree.ts';

const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** The program as an operator starts it, with a directory. */
class Program {
  readonly lines: Record<string, unknown>[] = [];
  readonly #child: ChildProcess;
  readonly #looks = new Set<() => void>();
  #http = '';

  /** `directory` contains the store, and the catalog unless that is elsewhere. */
  constructor(directory: string, catalog = directory) {
    const settings = ['http.listen=["127.0.0.1:0"]', 'operator.listen=null', 'dhcp.interfaces=[]'];
    const args = [
      'serve',
      '--dir',
      catalog,
      '--store',
      path.join(directory, 'railhead.db'),
      '--log-level',
      'debug',
    ];
    this.#child = spawn(process.execPath, [PROGRAM, ...args, ...settings.flatMap((one) => ['--set', one])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.push(this.#child);
  }

  /** Resolves when a line with this message was logged this many times. */
  async says(message: string, times = 1): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const said = this.lines.filter(({ msg }) => msg === message)[times - 1];
        if (said !== undefined) resolve(said);
      };
      this.#looks.add(look);
      look();
      this.#child.once('exit', () => reject(new Error(`ended before it said "${message}"`)));
    });
  }

  async start(): Promise<this> {
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('no output');
    createInterface({ input: stdout }).on('line', (text) => {
      this.lines.push(JSON.parse(text) as Record<string, unknown>);
      for (const look of this.#looks) look();
    });
    const { http } = await this.says('railhead is ready');
    this.#http = (http as string[])[0] ?? '';
    return this;
  }

  async get(target: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://${this.#http}${target}`);
    return { status: response.status, body: await response.text() };
  }

  /** Stops it as an init system does; returns its exit status or signal. */
  async stop(): Promise<number | null> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return code;
  }
}

function tenProfiles(): Record<string, string> {
  const files: Record<string, string> = {};
  for (let index = 0; index < 10; index++) {
    files[`profiles/p${index}.yaml`] = `id: p${index}\nboot: {kernel: /k${index}}\nignition: p${index}.bu\n`;
    files[`profiles/p${index}.bu`] = 'variant: flatcar\nversion: 1.0.0\n';
    files[`groups/g${index}.yaml`] = `id: g${index}\nprofile: p${index}\nselector: {n: "${index}"}\n`;
  }
  return files;
}

test('a start with one broken profile among ten: the machines of nine boot, those of the tenth get 503 with file and line', async () => {
  const tree = catalogTree({
    ...tenProfiles(),
    'profiles/p4.yaml': 'id: p4\nboot:\n  kernel: /k4\n  initrds: [/i]\n',
  });
  const program = await new Program(tree).start();
  for (let index = 0; index < 10; index++) {
    for (const target of [`/ipxe?n=${index}`, `/ignition?n=${index}`]) {
      const { body, status } = await program.get(target);
      if (index !== 4) expect(status).toBe(200);
      else {
        expect(status).toBe(503);
        expect(body).toContain('profiles/p4.yaml:4:3: ');
      }
    }
  }
  expect(await program.stop()).toBe(0);
});

test('a start with a catalog that cannot be read serves the stored copy, and logs it', async () => {
  const files = Object.entries(tenProfiles()).map(([file, content]) => [`catalog/${file}`, content]);
  const tree = catalogTree(Object.fromEntries(files) as Record<string, string>);
  const catalog = path.join(tree, 'catalog');
  const first = await new Program(tree, catalog).start();
  const before = (await first.get('/ipxe?n=3')).body;
  const loaded = await first.says('catalog loaded');
  // Stopping waits only for durable writes: the catalog is stored after the trial rendering.
  await first.says('catalog kept');
  expect(await first.stop()).toBe(0);
  renameSync(catalog, `${catalog}-away`);

  const second = await new Program(tree, catalog).start();
  expect((await second.get('/ipxe?n=3')).body).toBe(before);
  const said = await second.says(
    'the catalog could not be read; the stored copy of the last good one serves',
  );
  expect(said).toMatchObject({ level: 'error', generation: loaded['generation'], from: 'kept' });
  expect(said['keptAt']).toMatch(/^\d{4}-/);
  expect(await second.stop()).toBe(0);
});

test('a first start with a missing folder and no stored copy fails', async () => {
  const tree = catalogTree({ file: '' });
  await expect(new Program(tree, path.join(tree, 'gone')).start()).rejects.toThrow('ended before it said');
});

test('a pipe, a device and a huge file under profiles/ block neither start nor check', async () => {
  const tree = catalogTree({ ...tenProfiles(), 'profiles/huge.img': '' });
  truncateSync(path.join(tree, 'profiles/huge.img'), 1_500_000_000);
  execFileSync('mkfifo', [path.join(tree, 'profiles/pipe.yaml'), path.join(tree, 'groups/pipe')]);
  const program = await new Program(tree).start();
  expect((await program.get('/ipxe?n=3')).status).toBe(200);
  const told = program.lines.map(({ problem }) => problem).filter((problem) => problem !== undefined);
  expect(told).toEqual([
    'profiles/pipe.yaml: this file is a named pipe, not a regular file',
    'groups/pipe: this is a named pipe, not a regular file',
    'profiles/huge.img: this file has 1500000000 bytes; a file of a catalog has at most 33554432',
  ]);
  writeFileSync(path.join(tree, 'groups/g3.yaml'), 'id: g3\nprofile: p5\nselector: {n: "3"}\n');
  await expect.poll(async () => (await program.get('/ipxe?n=3')).body, { timeout: 20_000 }).toContain('/k5');
  expect(await program.stop()).toBe(0);
});

test('SIGTERM ends a running load', async () => {
  const tree = catalogTree(tenProfiles());
  const program = await new Program(tree).start();
  const groups = Array.from(
    { length: 20_000 },
    (_, index) => `id: many${index}\nprofile: p1\nselector: {many: "${index}"}\n`,
  );
  writeCatalogFile(tree, 'groups/many.yaml', groups.join('---\n'));
  // Loading twenty thousand documents takes seconds.
  await program.says('loading the catalog', 2);
  expect(await program.stop()).toBe(0);
  expect(program.lines.filter(({ msg }) => msg === 'catalog loaded')).toHaveLength(1);
});
