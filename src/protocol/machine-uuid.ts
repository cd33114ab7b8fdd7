/**
 * A machine's SMBIOS UUID in lower case, `11223344-5566-7788-99aa-bbccddeeff00`, in the order that SMBIOS tools and
 * iPXE's `${uuid}` print it. Made only by the functions here.
 */
export type MachineUuid = string & { readonly brand: 'MachineUuid' };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * UUIDs that vendors left unchanged for whole product lines, so that they do not identify a machine. Most are those that
 * FreeBSD's /etc/rc.d/hostid refuses.
 */
const SHARED_UUIDS = [
  // AMI's default in boards of several makers (oshi/oshi#2417).
  '03000200-0400-0500-0006-000700080009',
  // The counts that reference firmware ships with.
  '00010203-0405-0607-0809-0a0b0c0d0e0f',
  '07090201-0103-0301-0807-060504030201',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  // Makers' images that were copied with the UUID of the first board.
  '890e2d14-cacd-45d1-ae66-bc80e8bfeb0f',
  '8e275844-178f-44a8-aceb-a7d7e5178c63',
  'dc698397-fa54-4cf2-82c8-b1b5307a6a7f',
] as MachineUuid[];

/** The same, with the first three fields in either byte order: boards store both. */
const DUMMY_UUIDS: ReadonlySet<string> = new Set(
  SHARED_UUIDS.flatMap((uuid) => [uuid, swapUuidByteOrder(uuid)]),
);

/** Memory that was never written: one byte repeated (00, FF, FE, "X"), or FF in all fields but the first. */
const UNWRITTEN = /^(?:(..)\1{3}-\1\1-\1\1-\1\1-\1{6}|.{8}-ffff-ffff-ffff-f{12})$/;

/** Dell makes the UUID of "DELL" and the service tag; this is the one of a board whose tag is blanks or zeros. */
const DELL_WITHOUT_TAG = /^4c4c4544-00[02]0-[02]010-80[02]0-[8a]0c04f(?:[02]0){3}$/;

/** Reads a UUID in any letter case; undefined if the text is not one. It may still be a placeholder. */
export function parseUuid(text: string): MachineUuid | undefined {
  return UUID.test(text) ? (text.toLowerCase() as MachineUuid) : undefined;
}

/** Whether the UUID can tell one machine from another: neither unwritten memory nor a known placeholder of a vendor. */
export function isIdentifyingUuid(uuid: MachineUuid): boolean {
  return !DUMMY_UUIDS.has(uuid) && !UNWRITTEN.test(uuid) && !DELL_WITHOUT_TAG.test(uuid);
}

/**
 * The UUID in 16 bytes as in option 97 and SMBIOS: the first three fields are little-endian (SMBIOS 2.6 section 7.2.1;
 * RFC 4578 section 2.3). Throws RangeError on another length.
 */
export function uuidFromWire(bytes: Uint8Array): MachineUuid {
  if (bytes.length !== 16) throw new RangeError(`a UUID has 16 bytes, not ${bytes.length}`);
  return fromDigits(bytes, [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]);
}

/** The same UUID with the first three fields read in the other byte order, as some BIOSes store them. */
export function swapUuidByteOrder(uuid: MachineUuid): MachineUuid {
  return uuidFromWire(
    Uint8Array.from(uuid.replaceAll('-', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
  );
}

function fromDigits(bytes: Uint8Array, order: readonly number[]): MachineUuid {
  const digits = order.map((index) => (bytes[index] ?? 0).toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as MachineUuid;
}
