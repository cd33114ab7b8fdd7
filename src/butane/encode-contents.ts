import { gzipSync } from 'node:zlib';
import { base64DataUrl, escapedDataUrl } from '../ignition/data-url.ts';

/** Contents as a resource of Ignition: a data URL, and how its bytes are compressed unless the user says so. */
export interface EncodedContents {
  readonly source: string;
  readonly compression?: '' | 'gzip';
}

/** `gzip` stands where there is an empty string otherwise. */
const compressionValueBytes = 4;
/** Length of `;base64,`. */
const base64PrefixBytes = 8;
/** Header and trailer of a gzip file. */
const gzipFrameBytes = 18;
/**
 * How much longer Go's files are: 3 to 7 bytes, and 4 or 5 in most cases, since an empty block ends each of them
 * (measured on 440 contents of documents in use). The choice follows Butane.
 */
const extraBytesInGo = 4;

/**
 * Writes contents as the shortest of three data URLs: escaped, base64, or base64 of the gzipped bytes. With a
 * `compression` of their own the bytes are compressed already, and stay as they are. The bytes of a gzip file may
 * differ from Butane's, whose compressor is another; what they unpack to does not. Source: base/util/url.go.
 */
export function encodeContents(bytes: Uint8Array, compression: string | undefined): EncodedContents {
  const { escapedBytes, distinct } = survey(bytes);
  const base64Bytes = base64Length(bytes.length);
  const plain = () => (escapedBytes <= base64Bytes ? escapedDataUrl(bytes) : base64DataUrl(bytes));
  if (compression) return { source: plain() };

  const shortest = Math.min(base64Bytes, escapedBytes);
  const extraBytes = beginsWithRun(bytes) ? extraBytesInGo - 1 : extraBytesInGo;
  const gains = (gzipBytes: number) =>
    base64Length(gzipBytes + extraBytes) + compressionValueBytes < shortest;
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
  return base64PrefixBytes + 4 * Math.ceil(bytes / 3);
}

/**
 * A length that no gzip file of contents with so many distinct bytes is below, to spare the compressor contents that
 * cannot gain (RFC 1951 section 3.2). Each distinct byte stands there at least once, in 8 bits or more of the fixed
 * code, or, behind the 26 bits that describe a code of its own, in log2 of their number on average.
 */
function smallestGzipBytes(distinct: number): number {
  const ownCodeBits = 26 + distinct * Math.log2(Math.max(distinct, 1));
  return gzipFrameBytes + Math.floor((3 + Math.min(8 * distinct, ownCodeBits)) / 8);
}

const unreserved = new Uint8Array(256);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()") {
  unreserved[character.charCodeAt(0)] = 1;
}

/** Length of the contents with a comma and all but unreserved characters escaped, and how many bytes occur. */
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
