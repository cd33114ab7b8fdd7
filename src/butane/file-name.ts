import { isUtf8 } from 'node:buffer';
import { runeLength } from '../ignition/go-text.ts';

/**
 * File names are bytes to Linux, and need not be UTF-8. In text, a byte that is not part of UTF-8 is represented by the
 * lone surrogate U+DC00 + byte, as in Python (PEP 383), so that every listed name can be opened again.
 */
export function decodeFileName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let name = '';
  for (let offset = 0; offset < bytes.length;) {
    const length = runeLength(bytes, offset);
    name +=
      length === 0
        ? String.fromCharCode(0xdc00 + (bytes[offset] ?? 0))
        : bytes.toString('utf8', offset, offset + length);
    offset += length || 1;
  }
  return name;
}

/** The bytes of a name that contains such surrogates; any other name stays text. */
export function encodeFileName(name: string): string | Buffer {
  if (!/[\udc80-\udcff]/.test(name)) return name;
  const parts = name.split(/(?<![\ud800-\udbff])([\udc80-\udcff])/);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 0 ? Buffer.from(part, 'utf8') : Buffer.of(part.charCodeAt(0) - 0xdc00),
    ),
  );
}
