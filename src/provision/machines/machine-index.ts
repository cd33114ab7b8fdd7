import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import { isStationMac } from '../../protocol/mac-address.ts';
import { isIdentifyingUuid, swapUuidByteOrder } from '../../protocol/machine-uuid.ts';
import type { Identification, IdentityClaims } from './identification.ts';
import { identify, type MachineKeys } from './identify.ts';
import { addressesOf, type Machine } from './machine.ts';
import { isSmbiosPlaceholder } from './smbios-placeholder.ts';

/** How the servers look up machine records. */
export interface MachineLookup {
  /** Whether the records have been read. Until then, an address for which no machine is found may still be reserved. */
  readonly ready: boolean;
  /** Who sends a request. */
  identify(claims: IdentityClaims): Identification;
  /** The machine for which an address is reserved. */
  findReserved(address: Ipv4Address): Machine | undefined;
  /** The machine whose record has this host name; the case of letters does not matter. */
  findNamed(hostname: string): Machine | undefined;
}

/** An identifier, address or name that must be unique, and that several records claim. */
export interface ContestedClaim {
  /** `MAC address 52:54:00:a1:9c:ae`. */
  readonly what: string;
  /** The machine that has it. */
  readonly holder: string;
  /** The others that claim it. */
  readonly others: readonly string[];
}

/**
 * Machine records, indexed by all their identifiers. The cost of adding or removing one does not depend on the number
 * of the others. If several records claim the same value, the one with the lowest rank gets it, then the one whose id
 * sorts first, regardless of the order in which they were added.
 */
export class MachineIndex implements MachineLookup {
  readonly ready = true;
  readonly #macs = new ClaimMap('MAC address');
  readonly #clientIds = new ClaimMap('client identifier');
  readonly #uuids = new ClaimMap('UUID');
  /** The same UUIDs in the other byte order, so that none has to be converted for each packet. */
  readonly #swappedUuids = new ClaimMap('UUID');
  readonly #serials = new ClaimMap('serial number');
  readonly #switchPorts = new ClaimMap('switch port');
  readonly #addresses = new ClaimMap('address');
  readonly #hostnames = new ClaimMap('host name');
  readonly #keys: MachineKeys = {
    byMac: ({ mac }) => this.#macs.find(mac),
    others: [
      { by: 'clientId', find: ({ clientId }) => this.#clientIds.find(clientId) },
      { by: 'uuid', find: ({ uuid }) => this.#uuids.find(uuid) },
      { by: 'uuid-swapped', find: ({ uuid }) => this.#swappedUuids.find(uuid) },
      { by: 'serial', find: ({ serial }) => this.#serials.find(serial) },
      { by: 'switchPort', find: (claims) => this.#findBySwitchPort(claims) },
    ],
  };

  constructor(machines: Iterable<Machine> = []) {
    for (const machine of machines) this.add(machine);
  }

  /** Adds a record. `rank` decides between records that claim the same value; the lowest one gets it. */
  add(machine: Machine, rank = 0): void {
    for (const { key, map } of this.#claimsOf(machine)) map.add(key, { machine, rank });
  }

  /** Removes a record; it must be the same object that was added. */
  remove(machine: Machine): void {
    for (const { key, map } of this.#claimsOf(machine)) map.remove(key, machine);
  }

  identify(claims: IdentityClaims): Identification {
    return identify(claims, this.#keys);
  }

  findReserved(address: Ipv4Address): Machine | undefined {
    return this.#addresses.find(address);
  }

  findNamed(hostname: string): Machine | undefined {
    return this.#hostnames.find(hostname.toLowerCase());
  }

  /** The values that a record claims and another one claims too. */
  contestedClaims(machine: Machine): ContestedClaim[] {
    return this.#claimsOf(machine).flatMap(({ key, map }) => {
      if (map === this.#swappedUuids) return [];
      const [holder, ...others] = map.claimants(key);
      if (holder === undefined || others.length === 0) return [];
      return [{ what: `${map.what} ${key}`, holder: holder.id, others: others.map(({ id }) => id) }];
    });
  }

  /** The values that a record, in this index or not, claims and that records with another id have. */
  claimedByOthers(machine: Machine): ContestedClaim[] {
    return this.#claimsOf(machine).flatMap(({ key, map }) => {
      const holder = map === this.#swappedUuids ? undefined : map.find(key);
      if (holder === undefined || holder.id === machine.id) return [];
      return [{ what: `${map.what} ${key}`, holder: holder.id, others: [machine.id] }];
    });
  }

  #claimsOf(machine: Machine): { readonly map: ClaimMap; readonly key: string }[] {
    const claims: { map: ClaimMap; key: string }[] = [];
    for (const mac of machine.macs) if (isStationMac(mac)) claims.push({ map: this.#macs, key: mac });
    for (const key of machine.clientIds ?? []) claims.push({ map: this.#clientIds, key });
    if (machine.uuid !== undefined && isIdentifyingUuid(machine.uuid)) {
      claims.push({ map: this.#uuids, key: machine.uuid });
      claims.push({ map: this.#swappedUuids, key: swapUuidByteOrder(machine.uuid) });
    }
    if (machine.serial !== undefined && !isSmbiosPlaceholder(machine.serial)) {
      claims.push({ map: this.#serials, key: machine.serial });
    }
    if (machine.switchPort !== undefined) {
      const { circuitId, remoteId } = machine.switchPort;
      claims.push({ map: this.#switchPorts, key: switchPortKey(circuitId, remoteId) });
    }
    for (const key of addressesOf(machine)) claims.push({ map: this.#addresses, key });
    if (machine.hostname !== undefined) {
      claims.push({ map: this.#hostnames, key: machine.hostname.toLowerCase() });
    }
    return claims;
  }

  /** A port is identified by its circuit and, if the relay sends it, by the switch; records may omit either. */
  #findBySwitchPort({ circuitId, remoteId }: IdentityClaims): Machine | undefined {
    if (this.#switchPorts.empty || (circuitId === undefined && remoteId === undefined)) return undefined;
    return (
      this.#switchPorts.find(switchPortKey(circuitId, remoteId)) ??
      (circuitId === undefined ? undefined : this.#switchPorts.find(switchPortKey(circuitId, undefined))) ??
      (remoteId === undefined ? undefined : this.#switchPorts.find(switchPortKey(undefined, remoteId)))
    );
  }
}

interface Claimant {
  readonly machine: Machine;
  readonly rank: number;
}

/** The records that claim each value of one kind: the one that has it, and the others in order of precedence. */
class ClaimMap {
  readonly what: string;
  readonly #holders = new Map<string, Claimant>();
  /** Nearly always empty. */
  readonly #others = new Map<string, Claimant[]>();

  constructor(what: string) {
    this.what = what;
  }

  get empty(): boolean {
    return this.#holders.size === 0;
  }

  find(key: string | undefined): Machine | undefined {
    return key === undefined || this.#holders.size === 0 ? undefined : this.#holders.get(key)?.machine;
  }

  claimants(key: string): Machine[] {
    const holder = this.#holders.get(key);
    return [...(holder === undefined ? [] : [holder]), ...(this.#others.get(key) ?? [])].map(
      ({ machine }) => machine,
    );
  }

  add(key: string, claimant: Claimant): void {
    const holder = this.#holders.get(key);
    if (holder === undefined) {
      this.#holders.set(key, claimant);
      return;
    }
    if (holder.machine === claimant.machine) return;
    const all = [holder, ...(this.#others.get(key) ?? []), claimant].sort(compareClaimants);
    const [first = claimant, ...others] = all;
    this.#holders.set(key, first);
    this.#others.set(key, others);
  }

  remove(key: string, machine: Machine): void {
    const others = this.#others.get(key) ?? [];
    const remaining = [this.#holders.get(key), ...others].filter(
      (one): one is Claimant => one !== undefined && one.machine !== machine,
    );
    const [first, ...rest] = remaining;
    if (first === undefined) this.#holders.delete(key);
    else this.#holders.set(key, first);
    if (rest.length === 0) this.#others.delete(key);
    else this.#others.set(key, rest);
  }
}

function compareClaimants(a: Claimant, b: Claimant): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  return a.machine.id < b.machine.id ? -1 : 1;
}

function switchPortKey(circuitId: string | undefined, remoteId: string | undefined): string {
  return `${circuitId ?? ''}/${remoteId ?? ''}`;
}
