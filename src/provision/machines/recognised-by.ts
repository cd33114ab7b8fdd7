import type { MacAddress } from '../../protocol/mac-address.ts';
import { isIdentifyingUuid, type MachineUuid, swapUuidByteOrder } from '../../protocol/machine-uuid.ts';
import type { Machine } from './machine.ts';
import { isSmbiosPlaceholder } from './smbios-placeholder.ts';

/** What a machine without a record may send, each of which alone shows that it is one that is declared. */
export interface RecognisedBy {
  readonly macs: readonly MacAddress[];
  readonly uuids: readonly MachineUuid[];
  readonly serials: readonly string[];
}

/**
 * By what a machine is recognised, as `identify` does: by its network cards, or, where the record lists none, by UUID
 * (in either byte order) and serial number.
 */
export function recognisedBy({ macs, serial, uuid }: Machine): RecognisedBy {
  if (macs.length > 0) return { macs, uuids: [], serials: [] };
  return {
    macs,
    uuids: uuid !== undefined && isIdentifyingUuid(uuid) ? [uuid, swapUuidByteOrder(uuid)] : [],
    serials: serial !== undefined && !isSmbiosPlaceholder(serial) ? [serial] : [],
  };
}
