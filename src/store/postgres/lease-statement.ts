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
 * Writes a whole group of lease changes in one statement, which is its own transaction: one round trip before the ACKs.
 * Columns are passed as arrays, so that the statement is the same for every size of group.
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

/** If the database does not answer within this time, the call fails and its clients ask again. */
const TIMEOUT_MS = 5_000;

/** The statement for these changes. If the fence is where it is expected, it makes the changes and returns one row. */
export function leaseStatement(changes: readonly LeaseChange[], { aggregate, expected, next }: FenceMove) {
  // A statement can write a row only once, and only the last change of an address matters.
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
