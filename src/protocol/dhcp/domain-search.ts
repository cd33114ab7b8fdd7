import { NAME_SIZE_MAX, POINTER, readDnsLabels } from '../dns/dns-labels.ts';
import { MalformedMessage } from '../malformed-message.ts';

const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;

/** Whether the text is a domain name of letters, digits, hyphens and underscores, within DNS's limits. */
export function isDomainName(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name.length < NAME_SIZE_MAX - 1 && name.split('.').every((label) => LABEL.test(label));
}

/** Whether the text is a host name: labels of letters, digits and hyphens, at most 253 characters (RFC 1123 section 2.1). */
export function isHostName(text: string): boolean {
  return !text.includes('_') && !text.endsWith('.') && isDomainName(text);
}

/**
 * Writes a search list (option 119) with the suffixes shared as DNS does (RFC 3397 section 2; RFC 1035 section 4.1.4).
 * Throws RangeError for an invalid domain name.
 */
export function encodeDomainSearch(names: readonly string[]): Uint8Array {
  const bytes: number[] = [];
  const offsets = new Map<string, number>();
  for (const name of names) {
    if (!isDomainName(name)) throw new RangeError(`${JSON.stringify(name)} is not a domain name`);
    const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
    let pointed = false;
    while (labels.length > 0 && !pointed) {
      const suffix = labels.join('.').toLowerCase();
      const known = offsets.get(suffix);
      if (known !== undefined) {
        bytes.push(POINTER | (known >>> 8), known & 255);
        pointed = true;
        continue;
      }
      if (bytes.length < 0x4000) offsets.set(suffix, bytes.length);
      const label = labels.shift() ?? '';
      bytes.push(label.length, ...Array.from(label, (letter) => letter.charCodeAt(0)));
    }
    if (!pointed) bytes.push(0);
  }
  return Uint8Array.from(bytes);
}

/** Reads a search list. Throws MalformedMessage. */
export function decodeDomainSearch(bytes: Uint8Array): string[] {
  const names: string[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const { end, labels } = readDnsLabels(bytes, offset, malformed);
    names.push(labels.map((label) => String.fromCharCode(...label)).join('.'));
    offset = end;
  }
  return names;
}

function malformed(fault: string, offset: number): MalformedMessage {
  return new MalformedMessage('domain_search', `domain search list: ${fault}`, offset);
}
