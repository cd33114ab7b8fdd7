import {
  type ChildProcessWithoutNullStreams,
  execFile,
  execFileSync,
  spawn,
  spawnSync,
} from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);
let made = 0;

/** Whether this user may create network namespaces; otherwise a test that needs them is skipped by name. */
export const canMakeNamespaces = process.getuid?.() === 0;

/**
 * Private networks for one test file or one virtual rack: namespaces, links between them, and programs inside. `remove`
 * ends every program that was started here, and removes everything.
 */
export class NetworkLab {
  /** The names of its namespaces begin with this, followed by a letter. */
  readonly prefix: string;
  readonly #namespaces: string[] = [];
  readonly #children = new Set<ChildProcessWithoutNullStreams>();

  /**
   * The names of its namespaces begin with `area`. Namespaces with that name that a killed process left behind are
   * removed.
   */
  constructor(area: string) {
    removeAbandoned(area);
    this.prefix = `${area}${process.pid}-${++made}`;
  }

  /** Creates a namespace, and returns its name for `ip`. */
  addNamespace(name: string): string {
    const full = `${this.prefix}${name}`;
    this.ip('netns', 'add', full);
    this.#namespaces.push(full);
    this.ip('-n', full, 'link', 'set', 'lo', 'up');
    return full;
  }

  /** Connects two namespaces by a cable: an interface at each end, up. */
  connect(one: string, oneEnd: string, other: string, otherEnd: string): void {
    this.ip('link', 'add', oneEnd, 'netns', one, 'type', 'veth', 'peer', 'name', otherEnd, 'netns', other);
    this.ip('-n', one, 'link', 'set', oneEnd, 'up');
    this.ip('-n', other, 'link', 'set', otherEnd, 'up');
  }

  /** Creates a switch with the host's own end at `cidr`, for example `10.0.0.1/24`. */
  addBridge(namespace: string, bridge: string, cidr: string): void {
    this.ip('-n', namespace, 'link', 'add', bridge, 'type', 'bridge');
    this.ip('-n', namespace, 'address', 'add', cidr, 'dev', bridge);
    this.ip('-n', namespace, 'link', 'set', bridge, 'up');
  }

  /** Adds an existing interface to a switch. */
  plug(namespace: string, bridge: string, port: string): void {
    this.ip('-n', namespace, 'link', 'set', port, 'master', bridge);
  }

  /** Creates an interface for a virtual machine and adds it to a switch. */
  addTap(namespace: string, bridge: string, tap: string): void {
    this.ip('-n', namespace, 'tuntap', 'add', 'dev', tap, 'mode', 'tap');
    this.plug(namespace, bridge, tap);
    this.ip('-n', namespace, 'link', 'set', tap, 'up');
  }

  ip(...args: readonly string[]): void {
    execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** Runs a program in a namespace until it ends, with any result; `text` is everything that it printed. */
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

  /** Starts a program in a namespace. It is ended by `remove` or by the end of this process, if not before. */
  start(namespace: string, command: string, args: readonly string[]): ChildProcessWithoutNullStreams {
    // Even if this process is killed, none of its programs is left running.
    const words = ['--pdeathsig', 'KILL', 'ip', 'netns', 'exec', namespace, command, ...args];
    const child = spawn('setpriv', words);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  async remove(): Promise<void> {
    for (const child of [...this.#children]) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    for (const namespace of this.#namespaces.splice(0)) removeNamespace(namespace);
  }
}

/** Removes the namespaces of processes that ended without `remove`. */
function removeAbandoned(area: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const line of (stdout ?? '').split('\n')) {
    const name = line.split(' ')[0] ?? '';
    const [, owner, pid] = /^([a-z-]+)(\d+)-\d/.exec(name) ?? [];
    if (owner === area && !isRunning(Number(pid))) removeNamespace(name);
  }
}

function removeNamespace(namespace: string): void {
  for (const pid of execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).split('\n')) {
    if (pid !== '') endProcess(Number(pid));
  }
  execFileSync('ip', ['netns', 'del', namespace], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It may have ended by itself since it was listed.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Whether a process with this id exists. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
