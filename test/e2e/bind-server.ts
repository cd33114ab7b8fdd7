import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** A zone and its initial records, in the syntax of zone files. */
export interface BindZone {
  readonly name: string;
  readonly records?: readonly string[];
}

/** A real BIND 9 on a loopback address and a high port, in its own folder, that accepts signed updates. */
export class BindServer {
  /** BIND listens only on addresses that an interface has, and of 127.0.0.0/8 this is the only one. */
  readonly host = '127.0.0.1';
  readonly port = 5390;
  readonly folder: string;
  /** The key that may update the zones, in the format of tsig-keygen. */
  readonly keyFile: string;
  readonly #zones: readonly BindZone[];
  /** The command that starts its programs: `ip netns exec` if it is in a namespace. */
  readonly #words: readonly string[];
  #child: ChildProcess | undefined;

  /** `namespace` is its network; if absent, the host's own. */
  constructor(zones: readonly BindZone[], namespace?: string) {
    this.#zones = zones;
    this.#words = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    this.folder = mkdtempSync(path.join(tmpdir(), 'railhead-bind-'));
    chmodSync(this.folder, 0o755);
    this.keyFile = this.makeKey('railhead');
    mkdirSync(path.join(this.folder, 'zones'));
    for (const { name, records = [] } of zones) {
      const lines = ['$TTL 300', '@ SOA ns1 admin 1 3600 600 86400 60', '@ NS ns1', ...records];
      if (!name.endsWith('.arpa')) lines.push('ns1 A 127.0.0.1');
      else lines[2] = '@ NS ns1.lab.example.com.';
      writeFileSync(path.join(this.folder, 'zones', name), `${lines.join('\n')}\n`);
    }
    writeFileSync(path.join(this.folder, 'named.conf'), this.#configuration());
  }

  /** Creates a key file with tsig-keygen. */
  makeKey(name: string, file = name): string {
    const target = path.join(this.folder, `${file}.key`);
    writeFileSync(target, execFileSync('tsig-keygen', ['-a', 'hmac-sha256', name]));
    return target;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const [program = 'named', ...words] = [
      ...this.#words,
      ...['named', '-g', '-c', path.join(this.folder, 'named.conf')],
    ];
    const child = spawn(program, words);
    this.#child = child;
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`named ended:\n${said.join('\n')}`)));
      createInterface(child.stderr).on('line', (line) => {
        said.push(line);
        if (line.endsWith(' running')) resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.removeAllListeners('exit');
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** The result of dig: the data of each record, sorted. */
  dig(name: string, type: string): string[] {
    return this.#ask('+short', '+norec', '+tries=2', '+time=2', name, type)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .sort();
  }

  /** The TTL of a record. */
  ttl(name: string, type: string): number {
    return Number(this.#ask('+noall', '+answer', name, type).split(/\s+/)[1]);
  }

  #ask(...question: readonly string[]): string {
    const [program = 'dig', ...words] = [
      ...this.#words,
      ...['dig', `@${this.host}`, '-p', String(this.port), ...question],
    ];
    return execFileSync(program, words, { encoding: 'utf8' });
  }

  #configuration(): string {
    const zones = this.#zones.map(
      ({ name }) =>
        `zone "${name}" { type primary; file "zones/${name}"; update-policy { grant railhead zonesub ANY; }; };`,
    );
    return [
      `include "${this.keyFile}";`,
      `options { directory "${this.folder}"; listen-on port ${this.port} { ${this.host}; }; listen-on-v6 { none; };`,
      `  pid-file none; session-keyfile "${this.folder}/session.key"; recursion no; dnssec-validation no;`,
      '  notify no; };',
      'controls { };',
      ...zones,
    ].join('\n');
  }
}
