import type { DhcpIdentity } from '../../protocol/dns/dhcid.ts';
import type { Lease } from '../dhcp/leases/lease.ts';

/**
 * Who holds a lease, for the DHCID record: what tells clients apart here (docs/decisions/0081), so that firmware, iPXE
 * and the installed system of a machine count as one.
 */
export function leaseIdentity({ chaddr, clientKey }: Pick<Lease, 'chaddr' | 'clientKey'>): DhcpIdentity {
  const [, kind = '', value = ''] = /^(\w+):(.*)$/.exec(clientKey) ?? [];
  if (kind === 'id') {
    // A client identifier longer than any real one is kept as its hash, which identifies as well.
    const bytes = /^[0-9a-f]*$/.test(value) ? Buffer.from(value, 'hex') : Buffer.from(value, 'latin1');
    return { kind: 'clientIdentifier', bytes };
  }
  const htype = kind === 'mac' ? 1 : Number(kind.slice(2));
  return { kind: 'hardware', htype, chaddr: Buffer.from(chaddr.replaceAll(':', ''), 'hex') };
}
