import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import { isIdentifyingUuid, type MachineUuid, swapUuidByteOrder } from '../../protocol/machine-uuid.ts';
import type { Machine } from './machine.ts';

/** All that a request tells about who sends it. */
export interface ClientIdentity {
  readonly mac?: MacAddress;
  /** Option 61 in hex. */
  readonly clientId?: string;
  /** Option 97, unless it is a dummy. */
  readonly uuid?: MachineUuid;
  /** Option 82 sub-options 1 and 2 in hex. */
  readonly circuitId?: string;
  readonly remoteId?: string;
}

/** By what a machine was recognised; `uuid-swapped` is the UUID in the other byte order, as some BIOSes store it. */
export type MatchedBy = 'mac' | 'clientId' | 'uuid' | 'uuid-swapped' | 'switchPort';

/** A machine, and how it was recognised. */
export interface MachineMatch {
  readonly machine: Machine;
  readonly matchedBy: MatchedBy;
}

/** What the DHCP server asks of the machine records. */
export interface Reservations {
  /**
   * Whether the records are known. Until they were read for the first time, an address without a machine is not an
   * address without a reservation.
   */
  readonly ready: boolean;
  /** The machine that sends a request: by MAC, else client-id, else UUID, else switch port. */
  findMachine(identity: ClientIdentity): MachineMatch | undefined;
  /** The machine for which an address is reserved. */
  findReserved(address: Ipv4Address): Machine | undefined;
}

/** An index over machine records. The first of two machines that claim the same thing gets it. */
export class MachineIndex implements Reservations {
  readonly ready = true;
  readonly #byMac = new Map<MacAddress, Machine>();
  readonly #byClientId = new Map<string, Machine>();
  readonly #byUuid = new Map<MachineUuid, Machine>();
  readonly #bySwitchPort = new Map<string, Machine>();
  readonly #byAddress = new Map<Ipv4Address, Machine>();

  constructor(machines: Iterable<Machine>) {
    for (const machine of machines) {
      for (const mac of machine.macs) setFirst(this.#byMac, mac, machine);
      for (const clientId of machine.clientIds ?? []) setFirst(this.#byClientId, clientId, machine);
      if (machine.uuid !== undefined && isIdentifyingUuid(machine.uuid)) {
        setFirst(this.#byUuid, machine.uuid, machine);
      }
      if (machine.switchPort !== undefined) {
        const { circuitId, remoteId } = machine.switchPort;
        setFirst(this.#bySwitchPort, switchPortKey(circuitId, remoteId), machine);
      }
      if (machine.address !== undefined) setFirst(this.#byAddress, machine.address, machine);
    }
  }

  findMachine(identity: ClientIdentity): MachineMatch | undefined {
    return (
      match('mac', identity.mac && this.#byMac.get(identity.mac)) ??
      match('clientId', identity.clientId && this.#byClientId.get(identity.clientId)) ??
      this.#findByUuid(identity.uuid) ??
      this.#findBySwitchPort(identity)
    );
  }

  findReserved(address: Ipv4Address): Machine | undefined {
    return this.#byAddress.get(address);
  }

  #findByUuid(uuid: MachineUuid | undefined): MachineMatch | undefined {
    if (uuid === undefined || this.#byUuid.size === 0) return undefined;
    return (
      match('uuid', this.#byUuid.get(uuid)) ??
      match('uuid-swapped', this.#byUuid.get(swapUuidByteOrder(uuid)))
    );
  }

  /** A port is named by its circuit and, where the switch tells it, by the switch; records may leave either out. */
  #findBySwitchPort({ circuitId, remoteId }: ClientIdentity): MachineMatch | undefined {
    if (this.#bySwitchPort.size === 0 || (circuitId === undefined && remoteId === undefined))
      return undefined;
    return (
      match('switchPort', this.#bySwitchPort.get(switchPortKey(circuitId, remoteId))) ??
      match('switchPort', circuitId && this.#bySwitchPort.get(switchPortKey(circuitId, undefined))) ??
      match('switchPort', remoteId && this.#bySwitchPort.get(switchPortKey(undefined, remoteId)))
    );
  }
}

function setFirst<K>(map: Map<K, Machine>, key: K, machine: Machine): void {
  if (!map.has(key)) map.set(key, machine);
}

function match(matchedBy: MatchedBy, machine: Machine | '' | undefined): MachineMatch | undefined {
  return machine === undefined || machine === '' ? undefined : { machine, matchedBy };
}

function switchPortKey(circuitId: string | undefined, remoteId: string | undefined): string {
  return `${circuitId ?? ''}/${remoteId ?? ''}`;
}
