import { parseMac } from './mac-address.ts';

const PREFIX = /^[0-9a-f]{2}(?:[:-]?[0-9a-f]{2}){0,5}$/i;

/**
 * Reads a MAC address, or its first bytes such as a maker's `00:1b:21`, as the beginning of an address in lower case with
 * colons; undefined if the text is neither.
 */
export function parseMacPrefix(text: string): string | undefined {
  const mac = parseMac(text);
  if (mac !== undefined) return mac;
  if (!PREFIX.test(text)) return undefined;
  return text
    .replace(/[:-]/g, '')
    .toLowerCase()
    .replace(/..(?!$)/g, '$&:');
}

/** A set of cards, named by their MAC addresses or by the first bytes of these. */
export class MacPrefixes {
  /** The prefixes by their length, so that a look-up takes one step for each length. */
  readonly #byLength = new Map<number, Set<string>>();

  /** `prefixes` as `parseMacPrefix` returns them. */
  constructor(prefixes: Iterable<string> = []) {
    for (const prefix of prefixes) {
      const same = this.#byLength.get(prefix.length);
      if (same === undefined) this.#byLength.set(prefix.length, new Set([prefix]));
      else same.add(prefix);
    }
  }

  get isEmpty(): boolean {
    return this.#byLength.size === 0;
  }

  /** Whether the address, in lower case with colons, is one of these cards. */
  has(mac: string): boolean {
    for (const [length, prefixes] of this.#byLength) if (prefixes.has(mac.slice(0, length))) return true;
    return false;
  }
}
