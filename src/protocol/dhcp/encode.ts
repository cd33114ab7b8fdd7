import { writeIpv4 } from '../ipv4-address.ts';
import {
  COOKIE_OFFSET,
  type DhcpMessage,
  type DhcpOptions,
  FILE_OFFSET,
  FILE_SIZE,
  MAGIC_COOKIE,
  OPTIONS_OFFSET,
  SNAME_OFFSET,
  SNAME_SIZE,
} from './message.ts';
import { OptionCode } from './option-codes.ts';
import { readUint16 } from './read-option.ts';

/** The limits that an encoded message must meet. */
export interface EncodeLimits {
  /** Maximum UDP payload in bytes that the receiver accepts; see `maximumReplySize`. */
  readonly maxSize?: number;
  /** Option 55 of the request: it gives the order of the options that have no fixed place. */
  readonly requested?: Uint8Array | undefined;
  /** Whether options may move into `file` and `sname` (option 52), which BOOTP clients do not know. Default: true. */
  readonly overload?: boolean;
}

/** An encoded message, and the codes of the options for which there was no space. */
export interface EncodedMessage {
  readonly bytes: Uint8Array;
  readonly dropped: readonly number[];
}

/**
 * The size that BOOTP defines, with a vendor area of 64 bytes (RFC 951). BOOTP clients and some relays discard anything
 * shorter (RFC 1542 section 2.1), and a BOOTP client need not accept more.
 */
export const BOOTP_MESSAGE_SIZE = 300;
/**
 * The size that every client must accept: a 576-byte IP datagram less 28 bytes of IP and UDP header (RFC 2131 section
 * 2).
 */
const REPLY_SIZE_MIN = 548;
/** One Ethernet frame of 1500 bytes less the same headers; edk2's buffer is no larger either. */
const REPLY_SIZE_MAX = 1472;
const HEADERS_SIZE = 28;

// Some firmware reads the first options only in this order (an iDRAC ignored an offer that began with the mask).
const LEADING = [
  OptionCode.messageType,
  OptionCode.serverIdentifier,
  OptionCode.leaseTime,
  OptionCode.renewalTime,
  OptionCode.rebindingTime,
  OptionCode.subnetMask,
  OptionCode.router,
  OptionCode.domainNameServer,
];

// The boot file name stays the last data option: edk2 writes a NUL after it, over the code of what follows.
const TRAILING = [
  OptionCode.vendorClass,
  OptionCode.machineIdentifier,
  OptionCode.clientIdentifier,
  OptionCode.vendorSpecific,
  OptionCode.ipxe,
  OptionCode.tftpServerName,
  OptionCode.bootFileName,
  // RFC 3046 section 2.2: relay agent information is the last option.
  OptionCode.relayAgentInformation,
];

/**
 * The options to keep longest when a message must shrink, the most important first; options not listed are dropped
 * before any of these.
 */
const PRECIOUS = [
  OptionCode.messageType,
  OptionCode.serverIdentifier,
  OptionCode.relayAgentInformation,
  OptionCode.leaseTime,
  OptionCode.subnetMask,
  OptionCode.router,
  OptionCode.bootFileName,
  OptionCode.vendorClass,
  OptionCode.vendorSpecific,
  OptionCode.ipxe,
  OptionCode.machineIdentifier,
  OptionCode.domainNameServer,
  OptionCode.clientIdentifier,
  OptionCode.message,
  OptionCode.renewalTime,
  OptionCode.rebindingTime,
  OptionCode.tftpServerName,
];

/**
 * Options that must stay in the options field: not every client reads the other fields. A relay removes option 82 from
 * there, the message type must be found at once, and a lease is useless without mask, router and lease time.
 */
const NEVER_MOVED: ReadonlySet<number> = new Set([
  OptionCode.messageType,
  OptionCode.serverIdentifier,
  OptionCode.leaseTime,
  OptionCode.subnetMask,
  OptionCode.router,
  OptionCode.relayAgentInformation,
]);

/** 1 for a code that has a fixed place or is not a data option, so that the loop over the rest skips it. */
const PLACED = new Uint8Array(256);
for (const code of [...LEADING, ...TRAILING, OptionCode.pad, OptionCode.overload, OptionCode.end])
  PLACED[code] = 1;

/**
 * The UDP payload in bytes that a client accepts, from its option 57: never less than every client must accept, and
 * never more than one Ethernet frame, since edk2 announces 65280 and holds 1472 (RFC 2132 section 9.10).
 */
export function maximumReplySize(requestOptions: DhcpOptions): number {
  const asked = readUint16(requestOptions, OptionCode.maximumMessageSize) ?? 576;
  return Math.min(Math.max(asked - HEADERS_SIZE, REPLY_SIZE_MIN), REPLY_SIZE_MAX);
}

/**
 * Writes a message of either direction. Options are written in the order that firmware is known to accept, are split at
 * 255 bytes (RFC 3396), and move into `file` and `sname` (option 52) or are dropped if the size requires it. Throws
 * RangeError if a header field does not fit its place.
 */
export function encodeMessage(message: DhcpMessage, limits: EncodeLimits = {}): EncodedMessage {
  if (message.withoutCookie === true) {
    return {
      bytes: writeMessage(message, BOOTP_MESSAGE_SIZE, { main: [] }),
      dropped: [...message.options.keys()],
    };
  }
  const maxSize = limits.maxSize ?? REPLY_SIZE_MAX;
  const order = orderOptions(message.options, limits.requested);
  let size = OPTIONS_OFFSET + 1;
  for (const code of order) size += optionSize(message.options, code);
  if (size <= maxSize) return { bytes: writeMessage(message, size, { main: order }), dropped: [] };
  const fitted = fitOptions(message, order, limits, maxSize);
  return { bytes: writeMessage(message, fitted.size, fitted.layout), dropped: fitted.dropped };
}

/** The place of each option. */
interface OptionLayout {
  readonly main: readonly number[];
  readonly file?: readonly number[];
  readonly sname?: readonly number[];
}

function orderOptions(options: DhcpOptions, requested: Uint8Array | undefined): number[] {
  const order: number[] = [];
  for (const code of LEADING) if (options.has(code)) order.push(code);
  if (requested !== undefined) {
    for (const code of requested) {
      if (PLACED[code] === 0 && options.has(code) && !order.includes(code)) order.push(code);
    }
  }
  for (const code of options.keys()) if (PLACED[code] === 0 && !order.includes(code)) order.push(code);
  for (const code of TRAILING) if (options.has(code)) order.push(code);
  return order;
}

function optionSize(options: DhcpOptions, code: number): number {
  const length = options.get(code)?.length ?? 0;
  return length + 2 * Math.max(1, Math.ceil(length / 255));
}

function fitOptions(
  message: DhcpMessage,
  order: readonly number[],
  { overload = true, requested }: EncodeLimits,
  maxSize: number,
): { size: number; layout: OptionLayout; dropped: number[] } {
  const dropped: number[] = [];
  let main = [...order];
  let size = OPTIONS_OFFSET + 1 + main.reduce((sum, code) => sum + optionSize(message.options, code), 0);
  const drop = (code: number): void => {
    main = main.filter((other) => other !== code);
    size -= optionSize(message.options, code);
    dropped.push(code);
  };

  const spare = order.filter((code) => !PRECIOUS.some((precious) => precious === code)).reverse();
  for (const code of spare) {
    if (size <= maxSize) break;
    if (requested?.includes(code) !== true) drop(code);
  }

  // RFC 2131 section 4.1 lets options move into file and sname, but not while those hold the names that a ROM boots
  // from.
  const file: number[] = [];
  const sname: number[] = [];
  if (overload && size > maxSize && (message.file === '' || message.sname === '')) {
    size += 3;
    let fileRoom = message.file === '' ? FILE_SIZE - 1 : 0;
    let snameRoom = message.sname === '' ? SNAME_SIZE - 1 : 0;
    for (const code of [...spare, ...[...PRECIOUS].reverse()]) {
      if (size <= maxSize) break;
      if (!main.includes(code) || NEVER_MOVED.has(code)) continue;
      const needed = optionSize(message.options, code);
      // The smaller field first, so that the larger one is left for options that fit nowhere else.
      if (needed <= snameRoom) {
        sname.unshift(code);
        snameRoom -= needed;
      } else if (needed <= fileRoom) {
        file.unshift(code);
        fileRoom -= needed;
      } else {
        continue;
      }
      main = main.filter((other) => other !== code);
      size -= needed;
    }
    if (file.length === 0 && sname.length === 0) size -= 3;
  }

  for (const code of [...spare, ...[...PRECIOUS].reverse()]) {
    if (size <= maxSize) break;
    if (main.includes(code)) drop(code);
  }
  // Dropping ends with the option that made the message fit. That may have left space for smaller ones, so dropped
  // options are added again, the most important first.
  for (const code of [...dropped].reverse()) {
    const needed = optionSize(message.options, code);
    if (size + needed > maxSize) continue;
    size += needed;
    dropped.splice(dropped.indexOf(code), 1);
    main = order.filter((other) => other === code || main.includes(other));
  }
  return {
    size,
    layout: { main, ...(file.length > 0 && { file }), ...(sname.length > 0 && { sname }) },
    dropped,
  };
}

function writeMessage(message: DhcpMessage, size: number, layout: OptionLayout): Uint8Array {
  // Taken from Node's buffer pool: a separate allocation would cost more than the rest of this function.
  const bytes = Buffer.allocUnsafe(Math.max(size, BOOTP_MESSAGE_SIZE)).fill(0);
  bytes[0] = message.op;
  bytes[1] = message.htype;
  bytes[2] = message.hlen;
  bytes[3] = message.hops;
  writeUint32(bytes, 4, message.xid);
  bytes[8] = message.secs >>> 8;
  bytes[9] = message.secs;
  bytes[10] = message.flags >>> 8;
  bytes[11] = message.flags;
  writeIpv4(bytes, 12, message.ciaddr);
  writeIpv4(bytes, 16, message.yiaddr);
  writeIpv4(bytes, 20, message.siaddr);
  writeIpv4(bytes, 24, message.giaddr);
  if (message.chaddr.length > 16) {
    throw new RangeError(`chaddr has ${message.chaddr.length} bytes; at most 16 fit`);
  }
  bytes.set(message.chaddr, 28);
  if (message.withoutCookie !== true) writeUint32(bytes, COOKIE_OFFSET, MAGIC_COOKIE);

  let offset = OPTIONS_OFFSET;
  let overload = 0;
  if (layout.file === undefined) {
    writeFieldText(bytes, FILE_OFFSET, FILE_SIZE, message.file, 'file');
  } else {
    overload |= 1;
    bytes[writeOptions(bytes, FILE_OFFSET, message.options, layout.file)] = OptionCode.end;
  }
  if (layout.sname === undefined) {
    writeFieldText(bytes, SNAME_OFFSET, SNAME_SIZE, message.sname, 'sname');
  } else {
    overload |= 2;
    bytes[writeOptions(bytes, SNAME_OFFSET, message.options, layout.sname)] = OptionCode.end;
  }
  if (overload !== 0) {
    // Right after the leading message type and server identifier, before anything that may have moved.
    offset = writeOptions(bytes, offset, message.options, layout.main.slice(0, 2));
    bytes[offset] = OptionCode.overload;
    bytes[offset + 1] = 1;
    bytes[offset + 2] = overload;
    offset = writeOptions(bytes, offset + 3, message.options, layout.main.slice(2));
  } else {
    offset = writeOptions(bytes, offset, message.options, layout.main);
  }
  if (message.withoutCookie !== true) bytes[offset] = OptionCode.end;
  return bytes;
}

function writeOptions(
  bytes: Uint8Array,
  start: number,
  options: DhcpOptions,
  codes: readonly number[],
): number {
  let offset = start;
  for (const code of codes) {
    const value = options.get(code);
    if (value === undefined) continue;
    if (value.length <= 255) {
      bytes[offset] = code;
      bytes[offset + 1] = value.length;
      // For values this short, a loop is faster than set().
      for (let index = 0; index < value.length; index++) bytes[offset + 2 + index] = value[index] ?? 0;
      offset += 2 + value.length;
    } else {
      for (let from = 0; from < value.length; from += 255) {
        const piece = value.subarray(from, from + 255);
        bytes[offset] = code;
        bytes[offset + 1] = piece.length;
        bytes.set(piece, offset + 2);
        offset += 2 + piece.length;
      }
    }
  }
  return offset;
}

function writeFieldText(bytes: Uint8Array, offset: number, size: number, text: string, name: string): void {
  if (text === '') return;
  // One byte is reserved for the NUL that ends the text.
  if (text.length >= size) throw new RangeError(`${name} has ${text.length} bytes; at most ${size - 1} fit`);
  for (let index = 0; index < text.length; index++) bytes[offset + index] = text.charCodeAt(index);
}

function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}
