import { type Ipv4Address, ipv4FromBytes, UNSPECIFIED_ADDRESS } from '../ipv4-address.ts';
import { MalformedMessage } from '../malformed-message.ts';
import {
  BOOTREQUEST,
  COOKIE_OFFSET,
  type DhcpMessage,
  FILE_OFFSET,
  FILE_SIZE,
  CHADDR_SIZE,
  HTYPE_ETHERNET,
  HTYPE_IEEE1394,
  HTYPE_INFINIBAND,
  MAGIC_COOKIE,
  OPTIONS_OFFSET,
  SNAME_OFFSET,
  SNAME_SIZE,
} from './message.ts';
import { OptionCode } from './option-codes.ts';

/** What BOOTP clients without options send in place of the cookie: zeros (RFC 951), or the letters of CMU's format. */
const NO_COOKIES: ReadonlySet<number> = new Set([0, 0x434d5500]);
const HOPS_MAX = 16;
/** RFC 4390 section 2.1, RFC 2855 section 4: their addresses do not fit, so that hlen is 0 and chaddr empty. */
const HTYPES_WITHOUT_ADDRESS: ReadonlySet<number> = new Set([HTYPE_INFINIBAND, HTYPE_IEEE1394]);
/** The highest message type that an RFC defines (RFC 7724 section 7: DHCPTLS). */
const MESSAGE_TYPE_MAX = 18;
/** Maximum size of one option after its pieces are joined; this bounds memory, and no real option comes near it. */
const OPTION_SIZE_MAX = 4096;
/** Maximum number of option pieces in one message; this bounds the time for a datagram full of two-byte options. */
const OPTION_PIECES_MAX = 1024;

/**
 * Reads a message of either direction. Byte values are views into `bytes`, which must not change afterwards.
 * Throws MalformedMessage, and nothing else, whatever the bytes are (RFC 2131 section 2, RFC 2132, RFC 3396).
 */
export function decodeMessage(bytes: Uint8Array): DhcpMessage {
  if (bytes.length < OPTIONS_OFFSET) {
    throw new MalformedMessage(
      'short',
      `${bytes.length} bytes are too few: the header has ${OPTIONS_OFFSET}`,
    );
  }
  const cookie = readUint32(bytes, COOKIE_OFFSET);
  if (cookie !== MAGIC_COOKIE && !NO_COOKIES.has(cookie)) {
    throw new MalformedMessage('cookie', 'the magic cookie 63825363 is missing', COOKIE_OFFSET);
  }
  const htype = byteAt(bytes, 1);
  const hlen = byteAt(bytes, 2);
  checkHardware(htype, hlen);
  const collected = cookie === MAGIC_COOKIE ? collectOptions(bytes) : new OptionPieces();
  const options = collected.join();
  checkMessageType(options.get(OptionCode.messageType));
  return {
    op: byteAt(bytes, 0),
    htype,
    hlen,
    hops: byteAt(bytes, 3),
    xid: readUint32(bytes, 4),
    secs: readUint16(bytes, 8),
    flags: readUint16(bytes, 10),
    ciaddr: readIpv4(bytes, 12),
    yiaddr: readIpv4(bytes, 16),
    siaddr: readIpv4(bytes, 20),
    giaddr: readIpv4(bytes, 24),
    chaddr: bytes.subarray(28, 28 + Math.min(hlen, CHADDR_SIZE)),
    sname: collected.snameHoldsOptions ? '' : readFieldText(bytes, SNAME_OFFSET, SNAME_SIZE),
    file: collected.fileHoldsOptions ? '' : readFieldText(bytes, FILE_OFFSET, FILE_SIZE),
    options,
    ...(cookie !== MAGIC_COOKIE && { withoutCookie: true }),
  };
}

/**
 * Reads a message that a client sent to a server. Refuses, beyond what `decodeMessage` refuses, replies, hop counts
 * larger than any real relay chain, and hardware addresses that no station can have. Throws MalformedMessage.
 */
export function decodeRequest(bytes: Uint8Array): DhcpMessage {
  // Replies are refused before any other check: this server receives its own broadcasts, and they are replies.
  if (bytes.length >= OPTIONS_OFFSET && bytes[0] !== BOOTREQUEST) {
    throw new MalformedMessage('op', `op is ${bytes[0]}; in a request it is 1`);
  }
  const message = decodeMessage(bytes);
  // RFC 1542 section 4.1.1: a relay discards at 16 hops.
  if (message.hops > HOPS_MAX) {
    throw new MalformedMessage('hops', `${message.hops} hops are more than ${HOPS_MAX}`, 3);
  }
  checkStation(message);
  return message;
}

/** Some InfiniBand clients put the 20 bytes of their address into hlen, of which chaddr holds 16. */
function checkHardware(htype: number, hlen: number): void {
  const isTooLong = hlen > CHADDR_SIZE && htype !== HTYPE_INFINIBAND;
  if (htype === 0 || htype === 255 || isTooLong || (htype === HTYPE_ETHERNET && hlen !== 6)) {
    throw new MalformedMessage(
      'hardware',
      `htype ${htype} with hlen ${hlen} is not a valid hardware address`,
      1,
    );
  }
  if (hlen === 0 && !HTYPES_WITHOUT_ADDRESS.has(htype)) {
    throw new MalformedMessage('hardware', `htype ${htype} without a hardware address`, 1);
  }
}

function checkStation(message: DhcpMessage): void {
  const { chaddr, hlen, htype, options } = message;
  const hasClientIdentifier = (options.get(OptionCode.clientIdentifier)?.length ?? 0) > 0;
  // RFC 4390 section 2.1: InfiniBand clients are identified by their client identifier, whatever else they send.
  if (htype === HTYPE_INFINIBAND && hasClientIdentifier) return;
  if (hlen === 0) {
    if (hasClientIdentifier) return;
    throw new MalformedMessage('hardware', 'neither a hardware address nor a client identifier', 28);
  }
  let allZero = true;
  for (let index = 0; index < chaddr.length && allZero; index++) allZero = chaddr[index] === 0;
  if (allZero) throw new MalformedMessage('chaddr', 'the hardware address is all zero', 28);
  // IEEE 802-2014 section 8.2.2: the lowest bit of the first byte marks a group address; the broadcast address is one
  // too.
  if (htype === HTYPE_ETHERNET && (byteAt(chaddr, 0) & 1) === 1) {
    throw new MalformedMessage('chaddr', 'the hardware address is a group address', 28);
  }
}

function checkMessageType(value: Uint8Array | undefined): void {
  if (value === undefined) return;
  const type = value[0] ?? 0;
  if (value.length !== 1 || type < 1 || type > MESSAGE_TYPE_MAX) {
    throw new MalformedMessage('message_type', `option 53 is not a known message type`, OPTIONS_OFFSET);
  }
}

/** Pieces of options in order of appearance, and which header fields contained some of them. */
class OptionPieces {
  snameHoldsOptions = false;
  fileHoldsOptions = false;

  readonly #first = new Map<number, Uint8Array>();
  #further: Map<number, Uint8Array[]> | undefined;
  #pieces = 0;

  add(code: number, value: Uint8Array, offset: number): void {
    if (++this.#pieces > OPTION_PIECES_MAX) {
      throw new MalformedMessage('options', `more than ${OPTION_PIECES_MAX} options`, offset);
    }
    const first = this.#first.get(code);
    if (first === undefined) {
      this.#first.set(code, value);
      return;
    }
    this.#further ??= new Map();
    const further = this.#further.get(code);
    if (further === undefined) this.#further.set(code, [first, value]);
    else further.push(value);
  }

  /**
   * Removes option 52 and returns its value; undefined unless it appears once, with a value from 1 to 3 (RFC 2132
   * section 9.3).
   */
  takeOverload(): number | undefined {
    const value = this.#first.get(OptionCode.overload);
    if (value === undefined) return undefined;
    const repeated = this.#further?.has(OptionCode.overload) ?? false;
    this.#first.delete(OptionCode.overload);
    const overload = value[0] ?? 0;
    return !repeated && value.length === 1 && overload >= 1 && overload <= 3 ? overload : undefined;
  }

  join(): Map<number, Uint8Array> {
    if (this.#further !== undefined) {
      for (const [code, pieces] of this.#further) {
        if (this.#first.has(code)) this.#first.set(code, joinPieces(code, pieces));
      }
    }
    return this.#first;
  }
}

/**
 * Codes whose pieces are not joined if the result has a length that the option cannot have: the first piece is used.
 */
const FIXED_LENGTHS: ReadonlyMap<number, number> = new Map([
  [OptionCode.messageType, 1],
  [OptionCode.serverIdentifier, 4],
  [OptionCode.requestedAddress, 4],
  [OptionCode.maximumMessageSize, 2],
]);

function joinPieces(code: number, pieces: readonly Uint8Array[]): Uint8Array {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const fixed = FIXED_LENGTHS.get(code);
  if (fixed !== undefined && size !== fixed) return pieces[0] ?? new Uint8Array();
  if (size > OPTION_SIZE_MAX) {
    throw new MalformedMessage(
      'option_size',
      `option ${code} has ${size} bytes in all, more than ${OPTION_SIZE_MAX}`,
    );
  }
  const joined = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

function collectOptions(bytes: Uint8Array): OptionPieces {
  const pieces = new OptionPieces();
  collectArea(bytes, OPTIONS_OFFSET, bytes.length, pieces);
  const overload = pieces.takeOverload();
  if (overload !== undefined) {
    // RFC 3396 section 5: the options field first, then file, then sname.
    if ((overload & 1) !== 0) {
      pieces.fileHoldsOptions = true;
      collectArea(bytes, FILE_OFFSET, FILE_OFFSET + FILE_SIZE, pieces);
    }
    if ((overload & 2) !== 0) {
      pieces.snameHoldsOptions = true;
      collectArea(bytes, SNAME_OFFSET, SNAME_OFFSET + SNAME_SIZE, pieces);
    }
    // An option 52 inside an overloaded field is ignored, so there is no recursion.
    pieces.takeOverload();
  }
  return pieces;
}

/** Reads one area up to its END; an area without END is accepted, since many clients omit it. */
function collectArea(bytes: Uint8Array, start: number, end: number, pieces: OptionPieces): void {
  let offset = start;
  while (offset < end) {
    const code = byteAt(bytes, offset);
    if (code === OptionCode.end) return;
    if (code === OptionCode.pad) {
      offset++;
      continue;
    }
    if (offset + 1 >= end) {
      throw new MalformedMessage('option_length', `option ${code} has no length`, offset);
    }
    const length = byteAt(bytes, offset + 1);
    const valueEnd = offset + 2 + length;
    if (valueEnd > end) {
      throw new MalformedMessage(
        'option_length',
        `option ${code} has a length of ${length} bytes, but only ${end - offset - 2} are left`,
        offset,
      );
    }
    pieces.add(code, bytes.subarray(offset + 2, valueEnd), offset);
    offset = valueEnd;
  }
}

function byteAt(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

function readUint16(bytes: Uint8Array, offset: number): number {
  return byteAt(bytes, offset) * 256 + byteAt(bytes, offset + 1);
}

function readUint32(bytes: Uint8Array, offset: number): number {
  return readUint16(bytes, offset) * 65536 + readUint16(bytes, offset + 2);
}

function readIpv4(bytes: Uint8Array, offset: number): Ipv4Address {
  return readUint32(bytes, offset) === 0 ? UNSPECIFIED_ADDRESS : ipv4FromBytes(bytes, offset);
}

function readFieldText(bytes: Uint8Array, offset: number, size: number): string {
  let text = '';
  for (let index = offset; index < offset + size; index++) {
    const code = byteAt(bytes, index);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}
