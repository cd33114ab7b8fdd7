/** One entry of an initramfs. Paths have no leading slash; a folder comes before its contents. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'file'; readonly path: string; readonly content: Buffer; readonly mode?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'character-device';
      readonly path: string;
      readonly major: number;
      readonly minor: number;
    };

const TYPE_BITS = {
  directory: 0o040000,
  file: 0o100000,
  link: 0o120000,
  'character-device': 0o020000,
} as const;
const TRAILER = 'TRAILER!!!';

/**
 * Packs entries into a cpio archive of the "newc" format, which Linux unpacks as its initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst). All entries belong to root and have the time 0.
 */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const [index, entry] of entries.entries()) {
    parts.push(...packEntry(entry, index + 1));
  }
  parts.push(
    ...padded(header({ inode: 0, mode: 0, size: 0, nameSize: TRAILER.length + 1 }), nameBytes(TRAILER)),
  );
  return Buffer.concat(parts);
}

function packEntry(entry: CpioEntry, inode: number): Buffer[] {
  const name = nameBytes(entry.path);
  const content = contentOf(entry);
  const mode = TYPE_BITS[entry.kind] | permissionsOf(entry);
  const device = entry.kind === 'character-device' ? { major: entry.major, minor: entry.minor } : undefined;
  return [
    ...padded(header({ inode, mode, size: content.length, nameSize: name.length, device }), name),
    ...padded(content),
  ];
}

function contentOf(entry: CpioEntry): Buffer {
  if (entry.kind === 'file') return entry.content;
  return entry.kind === 'link' ? Buffer.from(entry.target) : Buffer.alloc(0);
}

function permissionsOf(entry: CpioEntry): number {
  switch (entry.kind) {
    case 'directory':
      return entry.mode ?? 0o755;
    case 'file':
      return entry.mode ?? 0o644;
    case 'link':
      return 0o777;
    case 'character-device':
      return 0o600;
  }
}

interface HeaderFields {
  readonly inode: number;
  readonly mode: number;
  readonly size: number;
  readonly nameSize: number;
  readonly device?: { readonly major: number; readonly minor: number } | undefined;
}

/** Magic, then 13 fields of eight hexadecimal digits. */
function header({ inode, mode, size, nameSize, device }: HeaderFields): Buffer {
  const links = 1;
  const fields = [
    inode, mode, 0, 0, links, 0, size, 0, 0, device?.major ?? 0, device?.minor ?? 0, nameSize, 0,
  ]; // prettier-ignore
  return Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
}

function nameBytes(path: string): Buffer {
  return Buffer.from(`${path}\0`);
}

/** The parts, with zeros up to a multiple of four. */
function padded(...parts: Buffer[]): Buffer[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [...parts, Buffer.alloc((4 - (length % 4)) % 4)];
}
