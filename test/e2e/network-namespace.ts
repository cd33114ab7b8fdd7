import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);
let made = 0;

/** Whether this user may make network namespaces; a test that needs them is skipped by name otherwise. */
export const canMakeNamespaces = process.getuid?.() === 0;

/** The program's path, or undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  try {
    return execFileSync('which', [name], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/**
 * Networks of their own for one test file: namespaces, links between them, and programs inside. `remove` ends every
 * program that was started here, and takes everything down.
 */
export class NetworkLab {
  readonly #prefix: string;
  readonly #namespaces: string[] = [];
  readonly #children = new Set<ChildProcess>();

  constructor(area: string) {
    this.#prefix = `${area}${process.pid}-${++made}`;
  }

  /** Makes a namespace, and returns the name by which `ip` knows it. */
  addNamespace(name: string): string {
    const full = `${this.#prefix}${name}`;
    this.ip('netns', 'add', full);
    this.#namespaces.push(full);
    this.ip('-n', full, 'link', 'set', 'lo', 'up');
    return full;
  }

  /** Joins two namespaces by a cable: an interface at each end, up. */
  connect(one: string, oneEnd: string, other: string, otherEnd: string): void {
    this.ip('link', 'add', oneEnd, 'netns', one, 'type', 'veth', 'peer', 'name', otherEnd, 'netns', other);
    this.ip('-n', one, 'link', 'set', oneEnd, 'up');
    this.ip('-n', other, 'link', 'set', otherEnd, 'up');
  }

  ip(...args: readonly string[]): void {
    execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** Runs a program in a namespace to its end, whatever that is; `text` is all that it printed. */
  async run(namespace: string, command: string, args: readonly string[], timeoutMs = 30_000) {
    const words = ['netns', 'exec', namespace, command, ...args];
    try {
      const { stderr, stdout } = await run('ip', words, { timeout: timeoutMs, maxBuffer: 1 << 26 });
      return { code: 0, stdout, text: stdout + stderr };
    } catch (error) {
      const { code, stderr, stdout } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, text: stdout + stderr };
    }
  }

  /** Starts a program in a namespace. It is ended by `remove` if not before. */
  start(namespace: string, command: string, args: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', namespace, command, ...args]);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  async remove(): Promise<void> {
    for (const child of [...this.#children]) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    for (const namespace of this.#namespaces.splice(0)) {
      for (const pid of execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).split('\n')) {
        if (pid !== '') process.kill(Number(pid), 'SIGKILL');
      }
      this.ip('netns', 'del', namespace);
    }
  }
}
