import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import koffi from 'koffi';
import { SocketCallError } from '../server/udp/socket-calls.ts';

// From <bits/socket.h>, <netinet/in.h> and <sched.h>; the same on every Linux that Node runs on.
const AF_INET6 = 10;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_ICMPV6 = 58;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const IPPROTO_IPV6 = 41;
const IPV6_MULTICAST_HOPS = 18;
const CLONE_NEWNET = 0x40000000;

/** A solicitation is answered by the next of these, so it waits at most this long. */
const INTERVAL_MS = 500;

/**
 * RFC 4861 section 4.2: type 134, code 0, checksum (which the kernel fills in), hop limit, flags (neither managed nor
 * other configuration), a router lifetime of 0 (not a default router), and two timers that are unspecified.
 */
const ADVERTISEMENT = Buffer.from('8600000040000000' + '0000000000000000', 'hex');

/** sockaddr_in6 of all nodes on the link, ff02::1. */
const ALL_NODES = Buffer.from('0a00' + '0000' + '00000000' + `ff02${'00'.repeat(13)}01` + '00000000', 'hex');

const libc = koffi.load(null);
const setns = libc.func('int setns(int, int)') as (fd: number, kind: number) => number;
const socket = libc.func('int socket(int, int, int)') as (...values: number[]) => number;
const setsockopt = libc.func('int setsockopt(int, int, int, const void *, uint32_t)') as (
  ...values: [number, number, number, Uint8Array, number]
) => number;
const sendto = libc.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)') as (
  ...values: [number, Uint8Array, number, number, Uint8Array, number]
) => number;

/**
 * Announces on a network, twice a second, that there is no IPv6 to configure. Without such a router advertisement iPXE
 * waits 16 s for one in every boot.
 */
export class RouterAdvertiser {
  readonly #fd: number;
  readonly #timer: NodeJS.Timeout;

  /** Throws SocketCallError if the system refuses. */
  constructor(namespace: string, device: string) {
    this.#fd = openInNamespace(namespace, device);
    // A link that has just come up has no source address yet, so a failure does not stop this.
    this.#timer = setInterval(
      () => sendto(this.#fd, ADVERTISEMENT, ADVERTISEMENT.length, 0, ALL_NODES, ALL_NODES.length),
      INTERVAL_MS,
    );
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    closeSync(this.#fd);
  }
}

/** A socket belongs to the namespace in which it was opened: so this thread enters it and returns at once. */
function openInNamespace(namespace: string, device: string): number {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    const there = openSync(path.join('/run/netns', namespace), 'r');
    try {
      check('setns', setns(there, CLONE_NEWNET));
    } finally {
      closeSync(there);
    }
    try {
      return openSocket(device);
    } finally {
      check('setns', setns(home, CLONE_NEWNET));
    }
  } finally {
    closeSync(home);
  }
}

function openSocket(device: string): number {
  const fd = check('socket', socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6));
  try {
    const name = Buffer.from(`${device}\0`);
    check('setsockopt', setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length));
    // Receivers drop advertisements that a router may have forwarded.
    const hops = Buffer.alloc(4);
    hops.writeInt32LE(255);
    check('setsockopt', setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, hops.length));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function check(call: string, result: number): number {
  if (result < 0) throw new SocketCallError(call, koffi.errno());
  return result;
}
