import type { Machine } from '../provision/machines/machine.ts';
import type { ReportProblem } from '../documents/problem.ts';

/** Assigns identifiers and other unique values to the machine that claims them first. */
export class MachineClaims {
  /** By kind and value, the machine that owns it. */
  readonly #holders = new Map<string, string>();

  /**
   * Assigns what the machine claims; returns the machine without values that belong to another one, which are
   * reported.
   */
  take(machine: Machine, report: ReportProblem): Machine {
    const isFree = (what: string, value: string, path: readonly PropertyKey[]): boolean => {
      const key = `${what} ${value}`;
      const holder = this.#holders.get(key);
      if (holder === undefined) this.#holders.set(key, machine.id);
      else report(path, `${key} already belongs to machine ${holder}`);
      return holder === undefined;
    };
    const { address, clientIds, furtherAddresses, macs, serial, switchPort, uuid, ...rest } = machine;
    const ownMacs = macs.filter((mac, index) => isFree('MAC address', mac, ['mac', index]));
    const ownClientIds = clientIds?.filter((clientId) => isFree('client-id', clientId, ['client_id']));
    const ownFurther = furtherAddresses?.filter((one, index) =>
      isFree('address', one, ['address', index + 1]),
    );
    const { circuitId = 'any', remoteId = 'any' } = switchPort ?? {};
    const port = `circuit ${circuitId}, remote ${remoteId}`;
    const own: Machine = {
      ...rest,
      macs: ownMacs,
      ...(ownClientIds !== undefined && ownClientIds.length > 0 && { clientIds: ownClientIds }),
      ...(switchPort !== undefined && isFree('switch port', port, ['switch_port']) && { switchPort }),
      ...(uuid !== undefined && isFree('UUID', uuid, ['uuid']) && { uuid }),
      ...(serial !== undefined && isFree('serial number', serial, ['serial']) && { serial }),
      ...(address !== undefined && isFree('address', address, ['address']) && { address }),
      ...(ownFurther !== undefined && ownFurther.length > 0 && { furtherAddresses: ownFurther }),
    };
    // Returning the same object shows that the machine did not change.
    return Object.keys(own).length === Object.keys(machine).length &&
      ownMacs.length === macs.length &&
      ownClientIds?.length === clientIds?.length &&
      ownFurther?.length === furtherAddresses?.length
      ? machine
      : own;
  }
}
