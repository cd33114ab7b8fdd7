/** An IPv4 address in canonical dotted quad, `10.0.1.20`. Made only by the functions here. */
export type Ipv4Address = string & { readonly brand: 'Ipv4Address' };

export const UNSPECIFIED_ADDRESS = '0.0.0.0' as Ipv4Address;
export const BROADCAST_ADDRESS = '255.255.255.255' as Ipv4Address;

const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const DOTTED_QUAD = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);

/**
 * Reads a dotted quad; undefined if the text is not one. Leading zeros are refused, since some programs read them as
 * octal.
 */
export function parseIpv4(text: string): Ipv4Address | undefined {
  return DOTTED_QUAD.test(text) ? (text as Ipv4Address) : undefined;
}

/** The address as a number from 0 to 2^32 - 1, in host order, for arithmetic. */
export function ipv4ToNumber(address: Ipv4Address): number {
  // Read digit by digit: this runs several times for every DHCP packet, and splitting takes ten times as long.
  let value = 0;
  let octet = 0;
  for (let index = 0; index < address.length; index++) {
    const code = address.charCodeAt(index);
    if (code === 0x2e) {
      value = value * 256 + octet;
      octet = 0;
    } else {
      octet = octet * 10 + (code - 0x30);
    }
  }
  return value * 256 + octet;
}

/** The address of a number from 0 to 2^32 - 1. Throws RangeError outside. */
export function ipv4FromNumber(value: number): Ipv4Address {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new RangeError(`${value} is not an IPv4 address`);
  }
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}` as Ipv4Address;
}

/** The address in four bytes of `bytes` from `offset`, in network order. Throws RangeError if there are fewer. */
export function ipv4FromBytes(bytes: Uint8Array, offset = 0): Ipv4Address {
  if (offset + 4 > bytes.length) throw new RangeError(`an IPv4 address needs 4 bytes at offset ${offset}`);
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}` as Ipv4Address;
}

/** The four bytes of the address, in network order. */
export function ipv4ToBytes(address: Ipv4Address): Uint8Array {
  const bytes = new Uint8Array(4);
  writeIpv4(bytes, 0, address);
  return bytes;
}

/** Writes the four bytes of the address into `bytes` from `offset`, in network order. */
export function writeIpv4(bytes: Uint8Array, offset: number, address: Ipv4Address): void {
  const value = ipv4ToNumber(address);
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}
