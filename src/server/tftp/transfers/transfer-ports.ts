import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import { openUdpSocket, UdpBindError } from '../../udp/open-udp-socket.ts';
import { PacketBatches } from '../../udp/packet-batches.ts';
import { loadSocketCalls, type SocketCalls } from '../../udp/socket-calls.ts';
import { type TftpPeer, TransferPort, type TransferPortParts } from './transfer-port.ts';
import type { TurnBudget } from './turn-budget.ts';

/**
 * Number of ports of one address. With fewer, a client that sends many requests from one port would sooner get a port
 * that it had before.
 */
const PORTS = 4;
/**
 * A port with fewer transfers than this is preferred to an idle one: the more transfers share a port, the more ACKs one
 * system call returns. The kernel's buffer holds some 500 of them if `net.core.rmem_max` has its usual value.
 */
const SHARED_BY = 250;
/** Size of the kernel's buffer for waiting ACKs: some 2,000 on each port. */
const RECEIVE_BUFFER_BYTES = 4 << 20;
/** A whole window of 64 blocks for several clients at once. */
const SEND_BUFFER_BYTES = 4 << 20;

/** Ports from which transfers are sent, inclusive; for a firewall between server and machines. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Sends packets in batches. */
export interface BatchedCalls {
  readonly calls: SocketCalls;
  readonly batches: PacketBatches;
}

/** Loads the functions for batches; undefined if this host does not support them. */
export async function loadBatchedCalls(): Promise<BatchedCalls | undefined> {
  const calls = await loadSocketCalls().catch(() => undefined);
  const batches = calls && PacketBatches.create(calls);
  return calls && batches && { calls, batches };
}

/**
 * The ports that send the files of one address of ours: a client accepts packets only from the address to which it sent
 * its request.
 */
export class TransferPorts {
  readonly #ports: readonly TransferPort[];

  constructor(ports: readonly TransferPort[]) {
    this.#ports = ports;
  }

  /**
   * Opens ports at `address`, in `range` or where the kernel chooses; ports of the range that other programs hold are
   * skipped. Rejects with UdpBindError if there is none.
   */
  static async open(
    address: Ipv4Address,
    range: PortRange | undefined,
    batched: BatchedCalls | undefined,
    parts: Pick<TransferPortParts, 'now' | 'onError' | 'onStranger'> & { readonly turn: TurnBudget },
  ): Promise<TransferPorts> {
    const ports: TransferPort[] = [];
    let taken: unknown;
    const { first, last } = range ?? { first: 0, last: PORTS - 1 };
    for (let port = first; port <= last && ports.length < PORTS; port++) {
      try {
        const { fd, socket } = await openUdpSocket({
          address,
          port: range === undefined ? 0 : port,
          reuseAddress: false,
          // The kernel then sends nothing to a broadcast address, which only a forged request can have as its source.
          broadcast: false,
          receiveBufferBytes: RECEIVE_BUFFER_BYTES,
          ...(batched && { calls: batched.calls }),
        });
        socket.setSendBufferSize(SEND_BUFFER_BYTES);
        const opened = new TransferPort({
          ...parts,
          socket,
          ...(batched && fd !== undefined && { fd, batches: batched.batches }),
        });
        ports.push(opened);
      } catch (error) {
        if (!(error instanceof UdpBindError)) {
          for (const one of ports) one.close();
          throw error;
        }
        taken = error;
      }
    }
    if (ports.length === 0) throw taken;
    const opened = new TransferPorts(ports);
    for (const port of ports) port.listen(() => opened.#receive(parts.turn));
    return opened;
  }

  /** Receives what has arrived at any of the ports, for as long as more arrives: clients answer while we send. */
  #receive(turn: TurnBudget): void {
    let received = 1;
    while (received > 0 && turn.left) {
      received = 0;
      for (const port of this.#ports) if (port.transfers > 0) received += port.receive();
    }
  }

  /**
   * The port for a new transfer. RFC 1350 section 4 requires a new port for every transfer, so that late packets of an
   * old one cannot be taken for packets of the new one. Therefore this is the port that the peer has not used for
   * longest, and never one that it is using. Undefined if it is using all of them.
   */
  choose(peer: TftpPeer): TransferPort | undefined {
    let chosen: TransferPort | undefined;
    let chosenLeftMs = Infinity;
    for (const port of this.#ports) {
      const leftMs = port.leftMs(peer);
      if (leftMs === 0 && port.transfers < SHARED_BY) return port;
      const emptier = leftMs === chosenLeftMs && port.transfers < (chosen?.transfers ?? 0);
      if (leftMs < chosenLeftMs || emptier) [chosen, chosenLeftMs] = [port, leftMs];
    }
    return chosen;
  }

  close(): void {
    for (const port of this.#ports) port.close();
  }
}
