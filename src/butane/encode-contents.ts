import { gzipSync } from 'node:zlib';
import { base64DataUrl, escapedDataUrl } from '../ignition/data-url.ts';

/** Contents as a resource of Ignition: a data URL, and how its bytes are compressed unless the user says so. */
export interface EncodedContents {
  readonly source: string;
  readonly compression?: '' | 'gzip';
}

/** `gzip` plus the empty string that stands there otherwise. */
const compressionValueBytes = 4;
/** Go ends a file with an empty block, so that Butane's are this much longer in most cases; the choice follows Butane. */
const extraBytesInGo = 3;
/** Length of `;base64,` and of the base64 of an empty gzip file: nothing shorter can be gained by compressing. */
const smallestGzipBytes = 8 + 28;

/**
 * Writes contents as the shortest of three data URLs: escaped, base64, or base64 of the gzipped bytes. With a
 * `compression` of their own the bytes are compressed already, and stay as they are. The bytes of a gzip file may
 * differ from Butane's, whose compressor is another; what they unpack to does not. Source: base/util/url.go.
 */
export function encodeContents(bytes: Uint8Array, compression: string | undefined): EncodedContents {
  const base64Bytes = 8 + 4 * Math.ceil(bytes.length / 3);
  const escapedBytes = 1 + escapedLength(bytes);
  const isEscapedBest = escapedBytes <= base64Bytes;
  const plain = () => (isEscapedBest ? escapedDataUrl(bytes) : base64DataUrl(bytes));
  if (compression) return { source: plain() };

  const shortest = Math.min(base64Bytes, escapedBytes);
  if (smallestGzipBytes + compressionValueBytes < shortest) {
    const gzipped = gzipSync(bytes, { level: 9 });
    const butaneBytes = gzipped.length + extraBytesInGo;
    if (8 + 4 * Math.ceil(butaneBytes / 3) + compressionValueBytes < shortest) {
      return { source: base64DataUrl(gzipped), compression: 'gzip' };
    }
  }
  return { source: plain(), compression: '' };
}

const unreserved = new Uint8Array(256);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()") {
  unreserved[character.charCodeAt(0)] = 1;
}

function escapedLength(bytes: Uint8Array): number {
  let length = 3 * bytes.length;
  for (const byte of bytes) if (unreserved[byte] === 1) length -= 2;
  return length;
}
