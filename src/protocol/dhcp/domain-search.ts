import { MalformedMessage } from '../malformed-message.ts';

const LABEL_SIZE_MAX = 63;
const NAME_SIZE_MAX = 255;
const POINTER = 0xc0;
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
 * Writes a search list (option 119) with the suffixes shared as DNS does (RFC 3397 section 2; RFC 1035 section
 * 4.1.4). Throws RangeError for a name that is none.
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

/** Reads a search list. Throws MalformedMessage; pointers lead backwards only, so none can loop. */
export function decodeDomainSearch(bytes: Uint8Array): string[] {
  const names: string[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const labels: string[] = [];
    let at = offset;
    let end: number | undefined;
    let size = 1;
    for (;;) {
      const length = bytes[at];
      if (length === undefined) throw malformed('a name runs past the end', at);
      if (length === 0) {
        end ??= at + 1;
        break;
      }
      if (length >= POINTER) {
        const low = bytes[at + 1];
        const target = ((length & 0x3f) << 8) | (low ?? 0);
        if (low === undefined || target >= at) throw malformed('a pointer leads nowhere', at);
        end ??= at + 2;
        at = target;
        continue;
      }
      size += length + 1;
      if (length > LABEL_SIZE_MAX || size > NAME_SIZE_MAX || at + 1 + length > bytes.length) {
        throw malformed('a label is too long', at);
      }
      labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + length)));
      at += 1 + length;
    }
    names.push(labels.join('.'));
    offset = end;
  }
  return names;
}

function malformed(what: string, offset: number): MalformedMessage {
  return new MalformedMessage('domain_search', `domain search list: ${what}`, offset);
}
