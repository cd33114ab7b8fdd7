import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { LeaseChange } from '../../provision/dhcp/leases/lease.ts';
import { leaseToRow } from '../queries/rows.ts';
import { withoutNul } from './postgres-connection.ts';
import { POSTGRES_TIME } from './postgres-time.ts';
import type { FenceMove } from './write-fence.ts';

/** The columns of a lease, in the order of leaseToRow, with their types. */
const COLUMNS = {
  address: 'text',
  subnet_id: 'text',
  client_key: 'text',
  chaddr: 'text',
  state: 'text',
  client_id: 'text',
  hostname: 'text',
  relay_info: 'text',
  bound_at: 'timestamptz',
  expires_at: 'timestamptz',
} as const;

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
const FIRST_COLUMN_PARAMETER = 5;

/**
 * A whole group of lease changes in one statement, which is a transaction of its own: one round trip before the ACKs.
 * Columns come as arrays, so that the statement is the same for every size of group.
 */
const TEXT = `
with fence as (
  update write_fences set token = $3 where aggregate = $1 and token = $2 returning 1
), gone as (
  delete from leases using fence where address = any($4::text[])
), put as (
  insert into leases (${NAMES.join(', ')})
  select row.* from fence, unnest(${NAMES.map((name, index) => `$${FIRST_COLUMN_PARAMETER + index}::${COLUMNS[name]}[]`).join(', ')}) as row
  on conflict (address) do update set
    ${NAMES.slice(1)
      .map((name) => `${name} = excluded.${name}`)
      .join(', ')}
)
select 1 from fence`;

/** A database that does not answer within this long is not asked on behalf of the same clients for ever. */
const TIMEOUT_MS = 5_000;

/** The statement that makes these changes, if the fence stands where it is expected: then it returns one row. */
export function leaseStatement(changes: readonly LeaseChange[], { aggregate, expected, next }: FenceMove) {
  // A row can be written once in a statement, and only the last change of an address is of account.
  const last = new Map<Ipv4Address, LeaseChange>();
  for (const change of changes)
    last.set(change.kind === 'put' ? change.lease.address : change.address, change);
  const gone: Ipv4Address[] = [];
  const columns: unknown[][] = NAMES.map(() => []);
  for (const [address, change] of last) {
    if (change.kind === 'delete') gone.push(address);
    else {
      const row = leaseToRow(change.lease, POSTGRES_TIME);
      NAMES.forEach((name, index) => columns[index]?.push(row[name]));
    }
  }
  return {
    name: 'commit-leases',
    text: TEXT,
    values: [aggregate, expected, next, gone, ...columns].map(withoutNul),
    query_timeout: TIMEOUT_MS,
  };
}
