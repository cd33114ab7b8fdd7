import type { BlockRollover } from '../../protocol/tftp/data-header.ts';
import type { PortRange } from './transfers/transfer-ports.ts';

/** How the TFTP server behaves. Every setting has a default that suits a data center. */
export interface TftpSettings {
  /**
   * The largest block size granted, in bytes. If absent, what a packet of the interface's MTU holds, 1468 at 1500;
   * larger packets are fragmented, and many ROMs cannot reassemble them.
   */
  readonly blksizeMax?: number;
  /** The largest window size granted, in blocks (RFC 7440). */
  readonly windowsizeMax: number;
  /** The block number after 65535. */
  readonly rollover: BlockRollover;
  /** First wait before a packet is sent again; below 1000 ms some firmware hangs (raspberrypi/firmware#1631). */
  readonly retransmitMs: number;
  /**
   * The longest wait. It is more than the 5 s of atftp and tftp-hpa: a client that has received a whole window whose
   * ACK was lost ignores our repetitions, and each of them restarts the client's own timer.
   */
  readonly retransmitMsMax: number;
  readonly retriesMax: number;
  /**
   * Send everything from the port that received the request: for port forwarding and NAT. Some old ROMs do not accept
   * that.
   */
  readonly singlePort: boolean;
  /** If absent, the kernel chooses the ports of transfers. */
  readonly portRange?: PortRange;
  /** Simultaneous transfers; further requests are not answered, so that clients ask again. */
  readonly transfersMax: number;
  /** The same for one address. */
  readonly transfersPerClientMax: number;
  /** Requests per second from one address. Further ones are not answered. */
  readonly requestsPerSecond: number;
  /** Requests that one address may send at once. */
  readonly requestBurst: number;
}

export const TFTP_DEFAULTS: TftpSettings = {
  windowsizeMax: 64,
  rollover: 0,
  retransmitMs: 1000,
  retransmitMsMax: 8000,
  retriesMax: 6,
  singlePort: false,
  transfersMax: 2000,
  transfersPerClientMax: 32,
  requestsPerSecond: 20,
  requestBurst: 60,
};
