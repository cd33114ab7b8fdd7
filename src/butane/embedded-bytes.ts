import { gunzipSync } from 'node:zlib';
import type { Resource } from '../ignition/config.ts';
import { DataUrlError, decodeDataUrl } from '../ignition/data-url.ts';

/** Unpacked contents beyond this size are not looked into but refused: nobody embeds as much in a configuration. */
const maxBytes = 256 * 1024 * 1024;

/**
 * The bytes of a resource that a machine will get without asking anybody, unpacked; a text says why they cannot be
 * unpacked. Undefined for a resource that is fetched, and for a data URL that is none, which has an error of its own.
 */
export function embeddedBytes({ source, compression }: Resource): Buffer | string | undefined {
  if (!source?.startsWith('data:')) return undefined;
  try {
    const bytes = decodeDataUrl(source);
    return compression === 'gzip' ? gunzipSync(bytes, { maxOutputLength: maxBytes }) : bytes;
  } catch (error) {
    if (error instanceof DataUrlError) return undefined;
    return (error as Error).message;
  }
}
