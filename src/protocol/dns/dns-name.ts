import { MalformedMessage } from '../malformed-message.ts';
import { type Ipv4Address, ipv4ToBytes } from '../ipv4-address.ts';
import { NAME_SIZE_MAX, readDnsLabels } from './dns-labels.ts';

/**
 * A domain name in lower case, absolute, without the final dot: `web1.rack1.example.com`; the root is the empty text.
 * Bytes other than letters, digits, `-` and `_` are written `\DDD` (RFC 1035 section 5.1). Made only by the functions here.
 */
export type DnsName = string & { readonly brand: 'DnsName' };

const PLAIN_LABEL = /^[a-z0-9_-]{1,63}$/;
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Reads a name of letters, digits, `-` and `_`, with or without the final dot; undefined if the text is not one. */
export function parseDnsName(text: string): DnsName | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name === '') return text === '.' ? ('' as DnsName) : undefined;
  if (name.length + 2 > NAME_SIZE_MAX) return undefined;
  return name.split('.').every((label) => PLAIN_LABEL.test(label)) ? (name as DnsName) : undefined;
}

/** Reads one label of a host name (RFC 1123 section 2.1), in lower case; undefined if the text is not one. */
export function parseHostLabel(text: string): string | undefined {
  const label = text.toLowerCase();
  return HOST_LABEL.test(label) ? label : undefined;
}

/** The name with another label in front. Undefined if the result is longer than a name may be. */
export function childName(label: string, parent: DnsName): DnsName | undefined {
  return parseDnsName(parent === '' ? label : `${label}.${parent}`);
}

/** Whether the name is the zone itself or below it. */
export function isWithinZone(name: DnsName, zone: DnsName): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`);
}

/** The name for the reverse lookup of an address: `20.1.0.10.in-addr.arpa` for 10.0.1.20 (RFC 1035 section 3.5). */
export function reverseNameOf(address: Ipv4Address): DnsName {
  return `${[...ipv4ToBytes(address)].reverse().join('.')}.in-addr.arpa` as DnsName;
}

/** The name in wire format, uncompressed and in lower case, which is its canonical form (RFC 4034 section 6.2). */
export function encodeDnsName(name: DnsName): Uint8Array {
  const bytes: number[] = [];
  for (const label of name === '' ? [] : splitLabels(name)) bytes.push(label.length, ...label);
  return Uint8Array.from([...bytes, 0]);
}

/** Reads a name, compressed or not, and returns the offset after it. Throws MalformedMessage. */
export function readDnsName(
  bytes: Uint8Array,
  offset: number,
): { readonly name: DnsName; readonly end: number } {
  const { end, labels } = readDnsLabels(
    bytes,
    offset,
    (fault, at) => new MalformedMessage('dns_name', fault, at),
  );
  return { name: labels.map(formatLabel).join('.') as DnsName, end };
}

function formatLabel(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte).toLowerCase();
    text += /[a-z0-9_-]/.test(character) ? character : `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}

function splitLabels(name: DnsName): number[][] {
  return name
    .split('.')
    .map((label) =>
      (label.match(/\\\d{3}|[^\\]/g) ?? []).map((piece) =>
        piece.length > 1 ? Number(piece.slice(1)) : piece.charCodeAt(0),
      ),
    );
}
