import { readdir, readFile, readlink } from 'node:fs/promises';

/** A process that has a socket on a port. */
export interface PortHolder {
  /** Local address as the kernel prints it, in dotted quad. */
  readonly address: string;
  /** Absent if the socket belongs to another user's process that we may not inspect. */
  readonly process?: HolderProcess;
}

/** A running program. */
export interface HolderProcess {
  readonly pid: number;
  /** Truncated by the kernel. */
  readonly name: string;
  /** Its arguments, beginning with the program's own path. */
  readonly command: readonly string[];
}

/** IPv4 sockets, and IPv6 sockets that also accept IPv4. */
const TABLES = { udp: ['udp', 'udp6'], tcp: ['tcp', 'tcp6'] } as const;
/** TCP_LISTEN of the kernel's <net/tcp_states.h>: connections with the same port number do not count. */
const LISTENING = '0A';

/**
 * Finds the processes that hold a port of this network namespace. The list is empty if the kernel does not tell: on
 * other systems, or if the process has already ended.
 */
export async function findPortHolders(protocol: 'udp' | 'tcp', port: number): Promise<PortHolder[]> {
  const inodes = new Map<string, string>();
  for (const table of TABLES[protocol]) {
    const text = await readFile(`/proc/self/net/${table}`, 'latin1').catch(() => '');
    for (const socket of parseSocketTable(text)) {
      if (socket.port === port && (protocol === 'udp' || socket.state === LISTENING)) {
        inodes.set(socket.inode, socket.address);
      }
    }
  }
  if (inodes.size === 0) return [];
  const processes = await findProcesses(new Set(inodes.keys()));
  return [...inodes].map(([inode, address]) => {
    const process = processes.get(inode);
    return { address, ...(process !== undefined && { process }) };
  });
}

/** The holders in words, to follow "taken": `by dnsmasq (pid 812) on 10.0.0.1`. */
export function describeHolders(holders: readonly PortHolder[]): string {
  if (holders.length === 0) return 'by another program';
  const words = holders.map(({ address, process }) => {
    const who = process === undefined ? "another user's program" : `${process.name} (pid ${process.pid})`;
    return `${who} on ${address}`;
  });
  return `by ${[...new Set(words)].join(' and ')}`;
}

/** One line of /proc/net/udp or a similar table. */
interface SocketLine {
  readonly address: string;
  readonly port: number;
  readonly state: string;
  readonly inode: string;
}

/** Reads the kernel's table of sockets (Linux Documentation/networking/proc_net_tcp.rst). */
export function parseSocketTable(text: string): SocketLine[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [address, port] = (fields[1] ?? '').split(':');
      const [state, inode] = [fields[3], fields[9]];
      if (address === undefined || port === undefined || state === undefined || inode === undefined)
        return [];
      return [{ address: parseKernelAddress(address), port: Number.parseInt(port, 16), state, inode }];
    });
}

/**
 * The kernel prints the bytes of IPv4 as one number in its own byte order, which is little-endian on all supported
 * machines.
 */
function parseKernelAddress(hex: string): string {
  const last = hex.slice(-8);
  if (hex.length > 8 && !hex.startsWith('0000000000000000FFFF0000')) {
    return /^0+$/.test(hex) ? '[::]' : 'an IPv6 address';
  }
  return (last.match(/../g) ?? [])
    .reverse()
    .map((octet) => Number.parseInt(octet, 16))
    .join('.');
}

async function findProcesses(inodes: ReadonlySet<string>): Promise<Map<string, HolderProcess>> {
  const found = new Map<string, HolderProcess>();
  const entries = await readdir('/proc').catch(() => []);
  for (const pid of entries.filter((entry) => /^\d+$/.test(entry))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const fd of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode) || found.has(inode)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '?');
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      found.set(inode, { pid: Number(pid), name: name.trim(), command: command.split('\0') });
    }
    if (found.size === inodes.size) break;
  }
  return found;
}
