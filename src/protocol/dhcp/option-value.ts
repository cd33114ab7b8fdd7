import { type Ipv4Address, ipv4FromBytes, parseIpv4, writeIpv4 } from '../ipv4-address.ts';
import { parseCidr } from '../ipv4-cidr.ts';
import { MalformedMessage } from '../malformed-message.ts';
import { type ClasslessRoute, decodeClasslessRoutes, encodeClasslessRoutes } from './classless-routes.ts';
import { decodeDomainSearch, encodeDomainSearch, isDomainName } from './domain-search.ts';
import { OptionCode } from './option-codes.ts';
import { hexFromBytes } from './read-option.ts';

/** How the value of an option is written, for options that an operator adds in the settings. */
export const OPTION_TYPES = [
  'ip',
  'ip-list',
  'ip-pair-list',
  'uint8',
  'uint16',
  'uint16-list',
  'uint32',
  'int32',
  'text',
  'hex',
  'boolean',
  'domain-search',
  'classless-routes',
  'sub-options',
] as const;

export type OptionType = (typeof OPTION_TYPES)[number];

/** A typed value of an option. */
export type OptionValue =
  | { readonly type: 'ip'; readonly value: Ipv4Address }
  | { readonly type: 'ip-list'; readonly value: readonly Ipv4Address[] }
  | { readonly type: 'ip-pair-list'; readonly value: readonly (readonly [Ipv4Address, Ipv4Address])[] }
  | { readonly type: 'uint8' | 'uint16' | 'uint32' | 'int32'; readonly value: number }
  | { readonly type: 'uint16-list'; readonly value: readonly number[] }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'hex'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'domain-search'; readonly value: readonly string[] }
  | { readonly type: 'classless-routes'; readonly value: readonly ClasslessRoute[] }
  | { readonly type: 'sub-options'; readonly value: readonly SubOption[] };

/** An option inside option 43, by its maker's own numbers (RFC 2132 section 8.4). */
export interface SubOption {
  /** From 1 to 254. */
  readonly code: number;
  readonly value: OptionValue;
}

/** 0 and 255 are padding and end (RFC 2132 section 8.4). */
const SUB_OPTION_CODE_MIN = 1;
const SUB_OPTION_CODE_MAX = 254;
const SUB_OPTION_SIZE_MAX = 255;

/** Bytes of a number of each type. */
const NUMBER_SIZES = { uint8: 1, uint16: 2, uint32: 4, int32: 4 } as const;

/** The value's bytes (RFC 2132 section 2; RFC 3397; RFC 3442). */
export function encodeOptionValue(option: OptionValue): Uint8Array {
  switch (option.type) {
    case 'ip':
      return encodeAddresses([option.value]);
    case 'ip-list':
      return encodeAddresses(option.value);
    case 'ip-pair-list':
      return encodeAddresses(option.value.flat());
    case 'uint16-list':
      return Uint8Array.from(option.value.flatMap((number) => [number >>> 8, number & 255]));
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'int32': {
      const size = NUMBER_SIZES[option.type];
      return Uint8Array.from({ length: size }, (_, index) => option.value >>> (8 * (size - 1 - index)));
    }
    case 'text':
      return new TextEncoder().encode(option.value);
    case 'hex':
      return Uint8Array.from(option.value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    case 'boolean':
      return Uint8Array.of(option.value ? 1 : 0);
    case 'domain-search':
      return encodeDomainSearch(option.value);
    case 'classless-routes':
      return encodeClasslessRoutes(option.value);
    case 'sub-options':
      return Uint8Array.from(option.value.flatMap(encodeSubOption));
  }
}

/** Reads bytes as a value of the type. Throws MalformedMessage if they are not one. */
export function decodeOptionValue(type: OptionType, bytes: Uint8Array): OptionValue {
  switch (type) {
    case 'ip':
      checkLength(type, bytes, bytes.length === 4);
      return { type, value: ipv4FromBytes(bytes) };
    case 'ip-list':
      checkLength(type, bytes, bytes.length > 0 && bytes.length % 4 === 0);
      return { type, value: readAddresses(bytes) };
    case 'ip-pair-list':
      checkLength(type, bytes, bytes.length > 0 && bytes.length % 8 === 0);
      return { type, value: pairs(readAddresses(bytes)) };
    case 'uint16-list':
      checkLength(type, bytes, bytes.length > 0 && bytes.length % 2 === 0);
      return {
        type,
        value: Array.from(
          { length: bytes.length / 2 },
          (_, index) => (bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0),
        ),
      };
    case 'uint8':
    case 'uint16':
    case 'uint32':
      checkLength(type, bytes, bytes.length === NUMBER_SIZES[type]);
      return { type, value: readNumber(bytes) };
    case 'int32':
      checkLength(type, bytes, bytes.length === NUMBER_SIZES[type]);
      return { type, value: readNumber(bytes) | 0 };
    case 'text':
      return { type, value: new TextDecoder('utf-8').decode(bytes).replace(/\0+$/, '') };
    case 'hex':
      return { type, value: hexFromBytes(bytes) };
    case 'boolean':
      checkLength(type, bytes, bytes.length === 1);
      return { type, value: bytes[0] !== 0 };
    case 'domain-search':
      return { type, value: decodeDomainSearch(bytes) };
    case 'classless-routes':
      return { type, value: decodeClasslessRoutes(bytes) };
    case 'sub-options':
      return { type, value: readSubOptions(bytes) };
  }
}

/**
 * Reads a value as it is written in settings: `10.0.0.1`, `[10.0.0.1]`, `60`, `"text"`, `"01:ff"`, `true`,
 * `[{destination: 10.0.0.0/8, router: 10.0.0.1}]`. Throws RangeError with a sentence that says what is expected.
 */
export function parseOptionValue(type: OptionType, input: unknown): OptionValue {
  switch (type) {
    case 'ip':
      return { type, value: parseAddress(input) };
    case 'ip-list': {
      const list = Array.isArray(input) ? (input as unknown[]) : [input];
      if (list.length === 0) throw new RangeError('the list of addresses is empty; leave the option out');
      return { type, value: list.map(parseAddress) };
    }
    case 'ip-pair-list': {
      const list = Array.isArray(input) ? (input as unknown[]) : [];
      if (list.length === 0) {
        throw new RangeError(`${show(input)} is not a list of pairs of addresses, as [[10.0.0.0, 10.0.0.1]]`);
      }
      return { type, value: list.map(parseAddressPair) };
    }
    case 'uint16-list': {
      const list = Array.isArray(input) ? (input as unknown[]) : [input];
      if (list.length === 0) throw new RangeError('the list of numbers is empty; leave the option out');
      return { type, value: list.map((one) => parseNumber(one, 0, 0xffff)) };
    }
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return { type, value: parseNumber(input, 0, 2 ** (8 * NUMBER_SIZES[type]) - 1) };
    case 'int32':
      return { type, value: parseNumber(input, -(2 ** 31), 2 ** 31 - 1) };
    case 'text':
      if (typeof input !== 'string' || input === '' || input.includes('\0')) {
        throw new RangeError(`${show(input)} is not a text of at least one character without NUL`);
      }
      return { type, value: input };
    case 'hex': {
      const digits = typeof input === 'string' ? input.replace(/[: ]/g, '').toLowerCase() : '';
      if (!/^(?:[0-9a-f]{2})+$/.test(digits)) {
        throw new RangeError(`${show(input)} is not bytes in hex, as "01:ff" or "01ff"`);
      }
      return { type, value: digits };
    }
    case 'boolean':
      if (typeof input !== 'boolean') throw new RangeError(`${show(input)} is neither true nor false`);
      return { type, value: input };
    case 'domain-search': {
      const names = Array.isArray(input) ? (input as unknown[]) : [input];
      return {
        type,
        value: names.map((name) => {
          if (typeof name === 'string' && isDomainName(name)) return name;
          throw new RangeError(`${show(name)} is not a domain name`);
        }),
      };
    }
    case 'classless-routes':
      if (!Array.isArray(input) || input.length === 0) {
        throw new RangeError(`${show(input)} is not a list of routes, each with destination and router`);
      }
      return { type, value: (input as unknown[]).map(parseRoute) };
    case 'sub-options':
      if (!Array.isArray(input) || input.length === 0) {
        throw new RangeError(
          `${show(input)} is not a list of sub-options, as [{code: 1, type: ip, value: 10.0.0.1}]`,
        );
      }
      return { type, value: (input as unknown[]).map(parseSubOption) };
  }
}

/** Codes that the protocol or Railhead itself must set, with the reason why settings cannot. */
const RESERVED_CODES: ReadonlyMap<number, string> = new Map([
  [OptionCode.pad, 'it is padding'],
  [OptionCode.subnetMask, 'it follows from the cidr of the subnet'],
  [OptionCode.bootFileSize, 'edk2 would take it for the size of the boot file'],
  [OptionCode.requestedAddress, 'only clients send it'],
  [OptionCode.leaseTime, 'it is a setting of its own'],
  [OptionCode.overload, 'it describes the layout of the message'],
  [OptionCode.messageType, 'it is the type of the message'],
  [OptionCode.serverIdentifier, 'it names the server'],
  [OptionCode.parameterRequestList, 'only clients send it'],
  [OptionCode.message, 'it is sent only in a DHCPNAK'],
  [OptionCode.maximumMessageSize, 'only clients send it'],
  [OptionCode.renewalTime, 'it follows from the lease time'],
  [OptionCode.rebindingTime, 'it follows from the lease time'],
  [OptionCode.vendorClass, 'it is part of the boot answer, and alone it sends UEFI to port 4011'],
  [OptionCode.clientIdentifier, 'it is echoed'],
  [OptionCode.rapidCommit, 'it would promise the exchange of two messages of RFC 4039, which is not served'],
  [OptionCode.relayAgentInformation, 'it is echoed'],
  [OptionCode.machineIdentifier, 'it is echoed'],
  [OptionCode.end, 'it ends the options'],
]);

/** Why settings cannot set this option code; undefined if they can. */
export function reservedOptionReason(code: number): string | undefined {
  if (!Number.isInteger(code) || code < 0 || code > 255) return 'option codes go from 1 to 254';
  return RESERVED_CODES.get(code);
}

/** Addresses one after another, as in options 3, 6 and 42. */
export function encodeAddresses(addresses: readonly Ipv4Address[]): Uint8Array {
  const bytes = new Uint8Array(4 * addresses.length);
  addresses.forEach((address, index) => {
    writeIpv4(bytes, 4 * index, address);
  });
  return bytes;
}

/** A whole number from 0 to 2^32 - 1 in four bytes, as in options 51, 58 and 59. */
export function encodeUint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Text with one byte per character. */
export function encodeText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}

function readAddresses(bytes: Uint8Array): Ipv4Address[] {
  return Array.from({ length: bytes.length / 4 }, (_, index) => ipv4FromBytes(bytes, index * 4));
}

function pairs(addresses: readonly Ipv4Address[]): [Ipv4Address, Ipv4Address][] {
  return addresses.flatMap((first, index): [Ipv4Address, Ipv4Address][] => {
    const second = addresses[index + 1];
    return index % 2 === 0 && second !== undefined ? [[first, second]] : [];
  });
}

function readNumber(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function parseNumber(input: unknown, min: number, max: number): number {
  if (typeof input === 'number' && Number.isInteger(input) && input >= min && input <= max) return input;
  throw new RangeError(`${show(input)} is not a whole number from ${min} to ${max}`);
}

function parseAddressPair(input: unknown): [Ipv4Address, Ipv4Address] {
  const [first, second, ...rest] = Array.isArray(input) ? (input as unknown[]) : [];
  if (second === undefined || rest.length > 0) {
    throw new RangeError(`${show(input)} is not a pair of addresses, as [10.0.0.0, 10.0.0.1]`);
  }
  return [parseAddress(first), parseAddress(second)];
}

function parseAddress(input: unknown): Ipv4Address {
  const address = typeof input === 'string' ? parseIpv4(input) : undefined;
  if (address === undefined) throw new RangeError(`${show(input)} is not an IPv4 address`);
  return address;
}

function parseRoute(input: unknown): ClasslessRoute {
  const route = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
  const destination = typeof route.destination === 'string' ? parseCidr(route.destination) : undefined;
  if (destination === undefined) {
    throw new RangeError(`${show(route.destination)} is not a destination such as 10.0.0.0/8`);
  }
  return { destination, router: parseAddress(route.router) };
}

function parseSubOption(input: unknown): SubOption {
  const given = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
  const code = parseNumber(given.code, SUB_OPTION_CODE_MIN, SUB_OPTION_CODE_MAX);
  const type = OPTION_TYPES.find((one) => one === given.type);
  if (type === undefined || type === 'sub-options') {
    const types = OPTION_TYPES.filter((one) => one !== 'sub-options');
    throw new RangeError(`sub-option ${code} needs a type, one of ${types.join(', ')}`);
  }
  const value = parseOptionValue(type, given.value);
  const size = encodeOptionValue(value).length;
  if (size > SUB_OPTION_SIZE_MAX) {
    throw new RangeError(`sub-option ${code} has ${size} bytes, and ${SUB_OPTION_SIZE_MAX} fit`);
  }
  return { code, value };
}

function encodeSubOption({ code, value }: SubOption): number[] {
  const bytes = encodeOptionValue(value);
  return [code, bytes.length, ...bytes];
}

/** Types of sub-options are their maker's own, so that each is read as bytes. */
function readSubOptions(bytes: Uint8Array): SubOption[] {
  const read: SubOption[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const length = bytes[offset + 1];
    checkLength('sub-options', bytes, length !== undefined && offset + 2 + length <= bytes.length);
    const end = offset + 2 + (length ?? 0);
    const value = hexFromBytes(bytes.subarray(offset + 2, end));
    read.push({ code: bytes[offset] ?? 0, value: { type: 'hex', value } });
    offset = end;
  }
  return read;
}

function checkLength(type: OptionType, bytes: Uint8Array, fits: boolean): void {
  if (!fits)
    throw new MalformedMessage('option_value', `${bytes.length} bytes are not a value of type ${type}`);
}

function show(input: unknown): string {
  return JSON.stringify(input) ?? 'nothing';
}
