import type { DhcpIdentity } from '../../protocol/dns/dhcid.ts';
import type { Lease } from '../dhcp/leases/lease.ts';

/**
 * The identity of a lease's holder, for the DHCID record: the client key (docs/decisions/0081), so that firmware, iPXE
 * and the installed system of a machine count as one.
 */
export function leaseIdentity({ chaddr, clientKey }: Pick<Lease, 'chaddr' | 'clientKey'>): DhcpIdentity {
  const [, kind = '', value = ''] = /^(\w+):(.*)$/.exec(clientKey) ?? [];
  if (kind === 'id') {
    // An unusually long client identifier is stored as its hash, which identifies the client just as well.
    const bytes = /^[0-9a-f]*$/.test(value) ? Buffer.from(value, 'hex') : Buffer.from(value, 'latin1');
    return { kind: 'clientIdentifier', bytes };
  }
  const htype = kind === 'mac' ? 1 : Number(kind.slice(2));
  return { kind: 'hardware', htype, chaddr: Buffer.from(chaddr.replaceAll(':', ''), 'hex') };
}
