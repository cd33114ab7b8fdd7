import type { BlockRollover } from '../../protocol/tftp/data-header.ts';
import type { PortRange } from './transfers/transfer-ports.ts';

/** How the TFTP server behaves. Every setting has a default that suits a machine room. */
export interface TftpSettings {
  /**
   * The largest block granted, in bytes. Absent: what a packet of the interface's MTU holds, 1468 at 1500; more is cut
   * into fragments, which many ROMs cannot put together.
   */
  readonly blksizeMax?: number;
  /** The most blocks granted for one ACK (RFC 7440). */
  readonly windowsizeMax: number;
  /** The block number after 65535. */
  readonly rollover: BlockRollover;
  /** First wait before a packet is sent again; below 1000 ms some firmware hangs (raspberrypi/firmware#1631). */
  readonly retransmitMs: number;
  /**
   * The longest wait. More than the 5 s of atftp and tftp-hpa: a client that has all of a window whose ACK was lost lets
   * our repetitions pass in silence, and each of them puts its own timer back.
   */
  readonly retransmitMsMax: number;
  readonly retriesMax: number;
  /** Send everything from the port that was asked: for port maps and NAT. Some old ROMs do not take that. */
  readonly singlePort: boolean;
  /** Absent: the kernel chooses the ports of transfers. */
  readonly portRange?: PortRange;
  /** Transfers at once; more requests are not answered, so that clients ask again. */
  readonly transfersMax: number;
  /** The same of one address. */
  readonly transfersPerClientMax: number;
  /** Requests a second of one address. More are not answered. */
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
