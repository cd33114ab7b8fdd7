import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { type Ipv4Address, writeIpv4 } from '../../protocol/ipv4-address.ts';

/** The options of a new socket, which are set before it gets its address. */
export interface SocketWish {
  readonly address: Ipv4Address;
  readonly port: number;
  /** Receive from, and send through, only this network interface. */
  readonly device?: string;
  /** Share the port with other sockets that also set this. */
  readonly reuseAddress: boolean;
  /** Whether it may send to broadcast addresses; true by default. */
  readonly broadcast?: boolean;
}

/** A system call that failed. `code` is like `EADDRINUSE`. */
export class SocketCallError extends Error {
  override readonly name = 'SocketCallError';
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

/** Errors of one datagram in `sendMany` that also apply to the next: EAGAIN, ENOMEM and ENOBUFS of Linux. */
export const NO_ROOM: ReadonlySet<number> = new Set([-11, -12, -105]);

/** Functions that node:dgram does not have. */
export interface SocketCalls {
  /** Opens a UDP socket that `dgram.Socket.bind({ fd })` takes over. Throws SocketCallError. */
  open(wish: SocketWish): number;
  /**
   * recvmmsg(2) and sendmmsg(2), without waiting: `headers` holds `count` structures of type mmsghdr. The number of
   * datagrams is returned, or the negative errno.
   */
  receiveMany(fd: number, headers: Uint8Array, count: number): number;
  sendMany(fd: number, headers: Uint8Array, count: number): number;
  /** The address of the bytes in memory; it is valid for as long as something refers to the buffer. */
  addressOf(bytes: Uint8Array): bigint;
}

// From <bits/socket.h> and <asm-generic/socket.h>; the same on every Linux that Node runs on.
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_BROADCAST = 6;
const SO_BINDTODEVICE = 25;
const MSG_DONTWAIT = 0x40;
const SOCKADDR_IN_SIZE = 16;

/**
 * Loads functions that node:dgram does not have: sockets of one network interface. Throws an Error that says why this
 * host does not support them.
 */
export async function loadSocketCalls(): Promise<SocketCalls> {
  if (process.platform !== 'linux')
    throw new Error(`sockets of one interface need Linux, not ${process.platform}`);
  // Loaded late: if its binary does not fit the platform, everything else must still work.
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int, int, int)') as (...values: number[]) => number;
  const setsockopt = libc.func('int setsockopt(int, int, int, const void *, uint32_t)') as (
    ...values: [number, number, number, Uint8Array, number]
  ) => number;
  const bind = libc.func('int bind(int, const void *, uint32_t)') as (
    ...values: [number, Uint8Array, number]
  ) => number;
  const close = libc.func('int close(int)') as (fd: number) => number;
  const recvmmsg = libc.func('int recvmmsg(int, void *, uint32_t, int, void *)') as (
    ...values: [number, Uint8Array, number, number, null]
  ) => number;
  const sendmmsg = libc.func('int sendmmsg(int, void *, uint32_t, int)') as (
    ...values: [number, Uint8Array, number, number]
  ) => number;
  // Copies nothing, and returns the address of its first argument.
  const memmove = libc.func('void *memmove(void *, const void *, size_t)') as (
    ...values: [Uint8Array, Uint8Array, number]
  ) => unknown;
  const orErrno = (result: number): number => (result < 0 ? -koffi.errno() : result);

  const open = ({ address, broadcast = true, device, port, reuseAddress }: SocketWish): number => {
    const fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw new SocketCallError('socket', koffi.errno());
    const check = (call: string, result: number): void => {
      if (result >= 0) return;
      const errno = koffi.errno();
      close(fd);
      throw new SocketCallError(call, errno);
    };
    const set = (name: string, option: number, value: Uint8Array): void =>
      check(`setsockopt ${name}`, setsockopt(fd, SOL_SOCKET, option, value, value.length));

    if (device !== undefined) set('SO_BINDTODEVICE', SO_BINDTODEVICE, Buffer.from(`${device}\0`));
    if (reuseAddress) set('SO_REUSEADDR', SO_REUSEADDR, hostInt(1));
    if (broadcast) set('SO_BROADCAST', SO_BROADCAST, hostInt(1));
    check('bind', bind(fd, socketAddress(address, port), SOCKADDR_IN_SIZE));
    return fd;
  };
  return {
    open,
    receiveMany: (fd, headers, count) => orErrno(recvmmsg(fd, headers, count, MSG_DONTWAIT, null)),
    sendMany: (fd, headers, count) => orErrno(sendmmsg(fd, headers, count, MSG_DONTWAIT)),
    addressOf: (bytes) => koffi.address(memmove(bytes, bytes, 0)),
  };
}

/** A C int, in this machine's byte order. */
function hostInt(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** A struct sockaddr_in: family in this machine's byte order, port and address in network order, eight bytes of zero. */
function socketAddress(address: Ipv4Address, port: number): Uint8Array {
  const bytes = Buffer.alloc(SOCKADDR_IN_SIZE);
  if (endianness() === 'LE') bytes.writeUInt16LE(AF_INET, 0);
  else bytes.writeUInt16BE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  writeIpv4(bytes, 4, address);
  return bytes;
}
