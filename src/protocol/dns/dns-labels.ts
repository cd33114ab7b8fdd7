import type { MalformedMessage } from '../malformed-message.ts';

/** RFC 1035 section 2.3.4, including the length bytes and the root. */
export const NAME_SIZE_MAX = 255;
export const LABEL_SIZE_MAX = 63;
/** RFC 1035 section 4.1.4: a length byte whose two high bits are set begins a pointer to an earlier name. */
export const POINTER = 0xc0;

/**
 * Reads the labels of one name, compressed or not (RFC 1035 section 4.1.4), and returns the offset after the name.
 * Pointers must lead to earlier names, so that they cannot form a loop. Throws the error that `malformed` makes from
 * the fault and its offset.
 */
export function readDnsLabels(
  bytes: Uint8Array,
  offset: number,
  malformed: (fault: string, offset: number) => MalformedMessage,
): { readonly labels: readonly Uint8Array[]; readonly end: number } {
  const labels: Uint8Array[] = [];
  let at = offset;
  let end: number | undefined;
  let size = 1;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) throw malformed('the name is cut off', at);
    if (length === 0) break;
    if (length >= POINTER) {
      const target = ((length & ~POINTER) << 8) | (bytes[at + 1] ?? 0);
      end ??= at + 2;
      if (target >= at || at + 1 >= bytes.length) throw malformed('the name points to no earlier name', at);
      at = target;
      continue;
    }
    size += length + 1;
    if (length > LABEL_SIZE_MAX || size > NAME_SIZE_MAX || at + 1 + length > bytes.length) {
      throw malformed('the name is too long or cut off', at);
    }
    labels.push(bytes.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { labels, end: end ?? at + 1 };
}
