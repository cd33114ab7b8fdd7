import { textFromBytes } from './read-option.ts';

/**
 * The classes in option 77. RFC 3004 defines a list of length-prefixed items; iPXE sends the bare text `iPXE` instead.
 * The list format is tried first and used only if every length fits exactly, so that both formats are recognised.
 */
export function readUserClasses(bytes: Uint8Array): string[] {
  return readList(bytes) ?? [textFromBytes(bytes)].filter((text) => text !== '');
}

function readList(bytes: Uint8Array): string[] | undefined {
  const classes: string[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const length = bytes[offset] ?? 0;
    // RFC 3004 section 4: an item has at least one byte.
    if (length === 0 || offset + 1 + length > bytes.length) return undefined;
    classes.push(textFromBytes(bytes.subarray(offset + 1, offset + 1 + length)));
    offset += 1 + length;
  }
  return classes.length > 0 ? classes : undefined;
}
