/**
 * A machine's SMBIOS UUID in lower case, `11223344-5566-7788-99aa-bbccddeeff00`, in the order that SMBIOS tools and
 * iPXE's `${uuid}` print it. Made only by the functions here.
 */
export type MachineUuid = string & { readonly brand: 'MachineUuid' };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** UUIDs that vendors left unchanged for whole product lines, so that they do not identify a machine. */
const DUMMY_UUIDS: ReadonlySet<string> = new Set([
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  // AMI's default in boards of several makers (oshi/oshi#2417).
  '03000200-0400-0500-0006-000700080009',
  // The same bytes with the first three fields in wire order.
  '00020003-0004-0005-0006-000700080009',
  // The ascending and descending counts that reference firmware ships with.
  '00010203-0405-0607-0809-0a0b0c0d0e0f',
  '03020100-0504-0706-0809-0a0b0c0d0e0f',
  'fefefefe-fefe-fefe-fefe-fefefefefefe',
  '12345678-1234-5678-90ab-cddeefaabbcc',
]);

/** Reads a UUID in any letter case; undefined if the text is not one. It may still be a placeholder. */
export function parseUuid(text: string): MachineUuid | undefined {
  return UUID.test(text) ? (text.toLowerCase() as MachineUuid) : undefined;
}

/** Whether the UUID can tell one machine from another: neither all zero, all F nor a known placeholder of a vendor. */
export function isIdentifyingUuid(uuid: MachineUuid): boolean {
  return !DUMMY_UUIDS.has(uuid);
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
