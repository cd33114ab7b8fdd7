import { gunzipSync } from 'node:zlib';
import type { Config, Resource } from '../../ignition/config.ts';
import { DataUrlError, decodeDataUrl } from '../../ignition/data-url.ts';

/** Contents that are declared as gzip and cannot be unpacked. */
export interface GzipFault {
  /** The file, the name of the LUKS device, or the path in the config: `ignition.config.merge.0`. */
  readonly path: string;
  readonly message: string;
}

/** Contents are unpacked up to this size in bytes. What is longer is not looked at any further. */
const UNPACKED_BYTES_MAX = 32 * 1024 * 1024;

/** Finds embedded contents that are declared as gzip and are not, end early or are damaged. */
export function findGzipFaults(config: Config): GzipFault[] {
  return resourcesOf(config).flatMap(({ path, resource }) => {
    const message = faultOf(resource);
    return message === undefined ? [] : [{ path, message }];
  });
}

/** Everything in a config that has contents, and where it is. */
function resourcesOf({ ignition, storage }: Config): { path: string; resource: Resource }[] {
  const { files = [], luks = [] } = storage ?? {};
  const { config, security } = ignition ?? {};
  const found: { path: string; resource: Resource | undefined }[] = [
    ...files.flatMap(({ path = '', contents, append = [] }) =>
      [contents, ...append].map((resource) => ({ path, resource })),
    ),
    ...luks.map(({ name = '', keyFile }) => ({ path: name, resource: keyFile })),
    { path: 'ignition.config.replace', resource: config?.replace },
    ...(config?.merge ?? []).map((resource, index) => ({ path: `ignition.config.merge.${index}`, resource })),
    ...(security?.tls?.certificateAuthorities ?? []).map((resource, index) => ({
      path: `ignition.security.tls.certificateAuthorities.${index}`,
      resource,
    })),
  ];
  return found.flatMap(({ path, resource }) => (resource === undefined ? [] : [{ path, resource }]));
}

function faultOf({ compression, source }: Resource): string | undefined {
  if (compression !== 'gzip' || source?.startsWith('data:') !== true) return undefined;
  let bytes: Uint8Array;
  try {
    bytes = decodeDataUrl(source);
  } catch (error) {
    // An invalid URL is reported where it is.
    if (error instanceof DataUrlError) return undefined;
    throw error;
  }
  // RFC 1952 section 2.3.1: two magic bytes, and 8 for deflate.
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8)
    return 'its contents are declared as gzip but are not compressed, so that Ignition fails at the first boot: remove "compression", or compress them';
  try {
    gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX });
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    return `its contents are declared as gzip but cannot be unpacked (${message}), so that Ignition fails at the first boot: compress them again`;
  }
}
