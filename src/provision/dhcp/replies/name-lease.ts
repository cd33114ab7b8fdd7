import { encodeFqdnAnswer, readClientFqdn } from '../../../protocol/dhcp/client-fqdn.ts';
import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readText } from '../../../protocol/dhcp/read-option.ts';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import { chooseLeaseName, fqdnAnswer, type LeaseName } from '../../dns/lease-name.ts';
import type { SubnetLeases } from '../leases/subnet-leases.ts';
import type { Exchange } from '../locate/exchange.ts';
import type { DhcpSurroundings } from './surroundings.ts';

/** The name of a lease in DNS, and option 81 for a client that sent one. Both are absent if DNS is not updated. */
export interface NamedLease {
  readonly leaseName?: LeaseName;
  readonly fqdn?: Uint8Array;
}

/** Chooses the name of the lease that a client gets, or would get. */
export function nameLease(
  { match, packet }: Exchange,
  subnet: SubnetLeases,
  address: Ipv4Address,
  leaseSeconds: number,
  { policy, reservations }: DhcpSurroundings,
): NamedLease {
  if (policy.names === undefined) return {};
  const { options } = packet.message;
  const option = options.get(OptionCode.clientFqdn);
  const fqdn = option === undefined ? undefined : readClientFqdn(option);
  const hostName = readText(options, OptionCode.hostName);
  const { domain } = subnet.compiled.subnet;
  const chosen = chooseLeaseName(
    {
      address,
      leaseSeconds,
      ...(match?.machine.hostname !== undefined && { recordName: match.machine.hostname }),
      ...(fqdn !== undefined && { fqdn }),
      ...(hostName !== undefined && { hostName }),
      ...(domain !== undefined && { domain }),
    },
    policy.names,
    // Until the records are read, any name may belong to a machine, so no client may choose its own.
    (hostname) => !reservations.ready || reservations.findNamed(hostname) !== undefined,
  );
  return {
    ...(chosen !== undefined && { leaseName: chosen }),
    ...(fqdn !== undefined && { fqdn: encodeFqdnAnswer(fqdn, fqdnAnswer(chosen)) }),
  };
}
