import { describe, expect, it } from 'vitest';
import type { MacAddress } from '../../../src/protocol/mac-address.ts';
import { type Sender, senderOf } from '../../../src/provision/machines/sender.ts';

const ONE = '52:54:00:00:00:01' as MacAddress;
const TWO = '52:54:00:00:00:02' as MacAddress;
const OTHER = '52:54:00:00:00:99' as MacAddress;

interface Row {
  readonly name: string;
  readonly cards: MacAddress[];
  readonly seen: MacAddress[];
  readonly sender: Sender;
}

describe('senderOf', () => {
  it.each<Row>([
    { name: 'its lease', cards: [ONE], seen: [ONE], sender: 'own' },
    { name: 'its lease and its neighbour entry', cards: [ONE], seen: [ONE, ONE], sender: 'own' },
    { name: 'two of its cards on one network', cards: [ONE, TWO], seen: [ONE, TWO], sender: 'own' },
    { name: 'the lease of another machine', cards: [ONE], seen: [OTHER], sender: 'foreign' },
    {
      name: 'another card at the address that it leases',
      cards: [ONE],
      seen: [ONE, OTHER],
      sender: 'foreign',
    },
    {
      name: 'its card at an address that another one leases',
      cards: [ONE],
      seen: [OTHER, ONE],
      sender: 'foreign',
    },
    { name: 'neither lease nor neighbour entry', cards: [ONE], seen: [], sender: 'unknown' },
    { name: 'a record without cards', cards: [], seen: [OTHER], sender: 'unknown' },
  ])('$name: $sender', ({ cards, seen, sender }) => {
    expect(senderOf(cards, seen)).toBe(sender);
  });
});
