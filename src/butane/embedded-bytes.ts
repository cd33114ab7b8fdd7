import { gunzipSync } from 'node:zlib';
import type { Resource } from '../ignition/config.ts';
import { DataUrlError, decodeDataUrl } from '../ignition/data-url.ts';

/** Unpacked contents larger than this are refused without checking them: no real configuration embeds as much. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * The bytes of a resource that is contained in the configuration, unpacked; or, as a text, why they cannot be unpacked.
 * Undefined for a resource that is fetched, and for an invalid data URL, which is reported separately.
 */
export function embeddedBytes({ source, compression }: Resource): Buffer | string | undefined {
  if (!source?.startsWith('data:')) return undefined;
  try {
    const bytes = decodeDataUrl(source);
    return compression === 'gzip' ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
  } catch (error) {
    if (error instanceof DataUrlError) return undefined;
    return (error as Error).message;
  }
}
