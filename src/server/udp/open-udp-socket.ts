import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import { describeHolders, findPortHolders } from '../../host/port-holder.ts';
import type { SocketCalls } from './socket-calls.ts';

/** The options of a UDP socket. */
export interface UdpSocketSettings {
  readonly address: Ipv4Address;
  readonly port: number;
  /** Receive from, and send through, only this network interface; needs `calls`. */
  readonly device?: string;
  /** Opens the socket with these system calls, so that its descriptor is known. */
  readonly calls?: SocketCalls;
  /** Share the port with other sockets of this host that also set this. */
  readonly reuseAddress: boolean;
  /** Whether it may send to broadcast addresses, as DHCP does; true by default. */
  readonly broadcast?: boolean;
  /** Size of the kernel's buffer in bytes. */
  readonly receiveBufferBytes: number;
}

/** Thrown if a socket could not be opened. The message says what was tried, why it failed, and what to do. */
export class UdpBindError extends Error {
  override readonly name = 'UdpBindError';
  readonly code: string;

  constructor(message: string, code: string, options: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Node looks up even a literal address, which delays each reply by a turn of its queue. */
export const ADDRESSES_ONLY: Pick<SocketOptions, 'lookup'> = {
  lookup: (address, _options, found) => found(null, address, 4),
};

/** An open socket. */
export interface UdpSocket {
  readonly socket: Socket;
  /** Its descriptor, if known; valid only while the socket is open. */
  readonly fd?: number;
}

/** Opens and binds a UDP socket. Rejects with UdpBindError. */
export async function openUdpSocket(settings: UdpSocketSettings): Promise<UdpSocket> {
  const { address, broadcast = true, calls, device, port, receiveBufferBytes, reuseAddress } = settings;
  try {
    if (calls === undefined) {
      if (device !== undefined) throw new Error('sockets of one interface are not available');
      const socket = createSocket({ type: 'udp4', reuseAddr: reuseAddress, ...ADDRESSES_ONLY });
      await bound(socket, { address, port });
      socket.setBroadcast(broadcast);
      return { socket: withReceiveBuffer(socket, receiveBufferBytes) };
    }
    const fd = calls.open({
      address,
      port,
      ...(device !== undefined && { device }),
      reuseAddress,
      broadcast,
    });
    return await adoptUdpSocket(fd, receiveBufferBytes);
  } catch (error) {
    throw await explain(error, settings);
  }
}

/**
 * Takes over a bound UDP socket, for example one that systemd passed to us. Rejects if the descriptor is not a UDP
 * socket.
 */
export async function adoptUdpSocket(fd: number, receiveBufferBytes: number): Promise<UdpSocket> {
  const socket = createSocket({ type: 'udp4', ...ADDRESSES_ONLY });
  await bound(socket, { fd });
  return { socket: withReceiveBuffer(socket, receiveBufferBytes), fd };
}

function bound(socket: Socket, where: { fd: number } | { address: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind({ ...where, exclusive: true }, () => {
      socket.off('error', fail);
      resolve();
    });
  });
}

function withReceiveBuffer(socket: Socket, bytes: number): Socket {
  // The kernel grants at most net.core.rmem_max, without an error; a smaller buffer only means more loss under
  // overload.
  socket.setRecvBufferSize(bytes);
  return socket;
}

async function explain(error: unknown, { address, device, port }: UdpSocketSettings): Promise<UdpBindError> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const where = `UDP port ${port} of ${address}${device === undefined ? '' : ` on ${device}`}`;
  return new UdpBindError(`listen on ${where}: ${await reason(error, code, port)}`, code, { cause: error });
}

async function reason(error: unknown, code: string, port: number): Promise<string> {
  switch (code) {
    case 'EADDRINUSE':
      return `the port is taken ${describeHolders(await findPortHolders('udp', port))}; stop that program, or give one of the two another interface`;
    case 'EACCES':
      return 'not permitted; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE';
    case 'EPERM':
      return 'not permitted; binding to an interface needs root or the capability CAP_NET_RAW';
    case 'ENODEV':
      return 'there is no such interface';
    case 'EADDRNOTAVAIL':
      return 'the address does not belong to this host';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
