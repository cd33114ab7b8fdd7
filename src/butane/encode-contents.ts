import { gzipSync } from 'node:zlib';
import { base64DataUrl, escapedDataUrl } from '../ignition/data-url.ts';

/** Contents as a resource of Ignition: a data URL, and how its bytes are compressed if the user does not set it. */
export interface EncodedContents {
  readonly source: string;
  readonly compression?: '' | 'gzip';
}

/** `gzip`, or an empty string for none. */
const COMPRESSION_VALUE_BYTES = 4;
/** Length of `;base64,`. */
const BASE64_PREFIX_BYTES = 8;
/** Header and trailer of a gzip file. */
const GZIP_FRAME_BYTES = 18;
/**
 * How much longer Go's gzip files are: 3 to 7 bytes, and 4 or 5 in most cases, since an empty block ends each of them
 * (measured on 440 contents of documents in use). It is included so that the choice is the same as Butane's.
 */
const EXTRA_BYTES_IN_GO = 4;

/**
 * Writes contents as the shortest of three data URLs: escaped, base64, or base64 of the gzipped bytes. If the user sets
 * `compression`, the bytes are already compressed and are not changed. The bytes of a gzip file may differ from
 * Butane's, which uses another compressor; what they unpack to is the same. Source: base/util/url.go.
 */
export function encodeContents(bytes: Uint8Array, compression: string | undefined): EncodedContents {
  const { escapedBytes, distinct } = survey(bytes);
  const base64Bytes = base64Length(bytes.length);
  const plain = () => (escapedBytes <= base64Bytes ? escapedDataUrl(bytes) : base64DataUrl(bytes));
  if (compression) return { source: plain() };

  const shortest = Math.min(base64Bytes, escapedBytes);
  const extraBytes = beginsWithRun(bytes) ? EXTRA_BYTES_IN_GO - 1 : EXTRA_BYTES_IN_GO;
  const gains = (gzipBytes: number) =>
    base64Length(gzipBytes + extraBytes) + COMPRESSION_VALUE_BYTES < shortest;
  if (gains(smallestGzipBytes(distinct))) {
    const gzipped = gzipSync(bytes, { level: 9 });
    if (gains(gzipped.length)) return { source: base64DataUrl(gzipped), compression: 'gzip' };
  }
  return { source: plain(), compression: '' };
}

/** Whether the first byte is repeated: zlib, unlike Go, never refers back to it, and writes it twice. */
function beginsWithRun(bytes: Uint8Array): boolean {
  return bytes.length > 3 && bytes[1] === bytes[0] && bytes[2] === bytes[0] && bytes[3] === bytes[0];
}

function base64Length(bytes: number): number {
  return BASE64_PREFIX_BYTES + 4 * Math.ceil(bytes / 3);
}

/**
 * A lower bound for the length of a gzip file of contents with this number of distinct bytes, so that contents that
 * cannot become shorter are not compressed (RFC 1951 section 3.2). Each distinct byte occurs at least once, in 8 bits
 * or more of the fixed code, or, after the 26 bits that describe a dynamic code, in log2 of their number on average.
 */
function smallestGzipBytes(distinct: number): number {
  const ownCodeBits = 26 + distinct * Math.log2(Math.max(distinct, 1));
  return GZIP_FRAME_BYTES + Math.floor((3 + Math.min(8 * distinct, ownCodeBits)) / 8);
}

const unreserved = new Uint8Array(256);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()") {
  unreserved[character.charCodeAt(0)] = 1;
}

/**
 * Length of the contents with a comma and with all but unreserved characters escaped, and the number of distinct bytes.
 */
function survey(bytes: Uint8Array): { escapedBytes: number; distinct: number } {
  const seen = new Uint8Array(256);
  let distinct = 0;
  let escapedBytes = 1 + 3 * bytes.length;
  for (const byte of bytes) {
    if (unreserved[byte] === 1) escapedBytes -= 2;
    if (seen[byte] === 1) continue;
    seen[byte] = 1;
    distinct++;
  }
  return { escapedBytes, distinct };
}
