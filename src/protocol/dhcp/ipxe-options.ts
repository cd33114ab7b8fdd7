/** The contents of option 175 of a request: a list of tag, length, value that iPXE calls its encapsulated options. */
export interface IpxeOptions {
  /** Tags of the features that the build has, for example `IpxeFeature.http`. */
  readonly features: ReadonlySet<number>;
  /** For example `1.0.0`, from tag 0xeb; absent if the build does not send it. */
  readonly version?: string;
}

/** Feature tags of iPXE (its `include/ipxe/features.h`). */
export const IpxeFeature = {
  pxeExtensions: 0x10,
  iscsi: 0x11,
  aoe: 0x12,
  http: 0x13,
  https: 0x14,
  tftp: 0x15,
  dns: 0x17,
  bzImage: 0x18,
  multiboot: 0x19,
  pxe: 0x21,
  elf: 0x22,
  efi: 0x24,
  vlan: 0x26,
  menu: 0x27,
  nfs: 0x29,
} as const;

const FEATURE_FIRST = 0x10;
const FEATURE_LAST = 0x4f;
const TAG_VERSION = 0xeb;
const TAG_BUS_ID = 0xb1;

/**
 * Reads option 175; undefined if a tag runs past the end, or none of the tags is one that iPXE sends: the code is not
 * registered, and other products use it too.
 */
export function readIpxeOptions(bytes: Uint8Array): IpxeOptions | undefined {
  const features = new Set<number>();
  let version: string | undefined;
  let known = false;
  let offset = 0;
  while (offset < bytes.length) {
    const tag = bytes[offset] ?? 0;
    const length = bytes[offset + 1];
    if (length === undefined || offset + 2 + length > bytes.length) return undefined;
    if (tag === TAG_VERSION && length === 3) {
      version = `${bytes[offset + 2]}.${bytes[offset + 3]}.${bytes[offset + 4]}`;
      known = true;
    } else if (tag === TAG_BUS_ID) {
      known = true;
    } else if (tag >= FEATURE_FIRST && tag <= FEATURE_LAST && length === 1) {
      if (bytes[offset + 2] !== 0) features.add(tag);
      known = true;
    }
    offset += 2 + length;
  }
  return known ? { features, ...(version !== undefined && { version }) } : undefined;
}

/**
 * Option 175 of a reply to iPXE: `no-pxedhcp` (tag 0xb0). iPXE then does not wait some three seconds for a proxyDHCP
 * server, and ignores the answers of others.
 */
export const IPXE_NO_PROXY_WAIT: Uint8Array = Uint8Array.of(0xb0, 0x01, 0x01);
