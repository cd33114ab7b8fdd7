import type { Ipv4Address } from '../ipv4-address.ts';
import { OptionCode } from './option-codes.ts';

/**
 * Options by code. A value that came in several pieces is joined (RFC 3396); PAD, END and option 52 are not included.
 */
export type DhcpOptions = ReadonlyMap<number, Uint8Array>;

/**
 * A DHCP or BOOTP message as values, with the field names of RFC 2131 section 2:
 *
 *     0                   1                   2                   3
 *     +---------------+---------------+---------------+---------------+
 *     |     op        |    htype      |    hlen       |    hops       |
 *     +---------------+---------------+---------------+---------------+
 *     |                            xid                                |
 *     +-------------------------------+-------------------------------+
 *     |           secs                |           flags               |
 *     +-------------------------------+-------------------------------+
 *     |           ciaddr, yiaddr, siaddr, giaddr (4 bytes each)       |
 *     +---------------------------------------------------------------+
 *     |           chaddr (16), sname (64), file (128)                 |
 *     +---------------------------------------------------------------+
 *     |           magic cookie 63 82 53 63, options (variable)        |
 *     +---------------------------------------------------------------+
 */
export interface DhcpMessage {
  /** 1 from a client, 2 from a server. */
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  /** Unreliable: edk2 writes it byte-swapped on port 4011, and iPXE keeps counters in it. */
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly siaddr: Ipv4Address;
  readonly giaddr: Ipv4Address;
  /** The first `hlen` bytes of the field; a view into the datagram where the message was decoded. */
  readonly chaddr: Uint8Array;
  /** Text up to the first NUL, one character a byte; empty when the field carries options. */
  readonly sname: string;
  /** As `sname`. */
  readonly file: string;
  readonly options: DhcpOptions;
  /**
   * A BOOTP message of RFC 951, which is older than options: the vendor area is empty, without the magic cookie, and is
   * left empty in the reply.
   */
  readonly withoutCookie?: true;
}

export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;

/** The highest bit of `flags`: the client asks for broadcast replies (RFC 2131 section 2). */
export const BROADCAST_FLAG = 0x8000;

export const SNAME_OFFSET = 44;
export const FILE_OFFSET = 108;
export const COOKIE_OFFSET = 236;
export const OPTIONS_OFFSET = 240;
export const SNAME_SIZE = 64;
export const FILE_SIZE = 128;
export const MAGIC_COOKIE = 0x63825363;
export const HTYPE_ETHERNET = 1;
/** RFC 4390. */
export const HTYPE_INFINIBAND = 32;
/** FireWire, RFC 2855. */
export const HTYPE_IEEE1394 = 24;
export const CHADDR_SIZE = 16;

/** The value of option 53; undefined for a BOOTP message. The decoder has checked its range. */
export function messageTypeOf(message: DhcpMessage): number | undefined {
  return message.options.get(OptionCode.messageType)?.[0];
}
