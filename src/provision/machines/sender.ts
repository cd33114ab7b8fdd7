import type { MacAddress } from '../../protocol/mac-address.ts';

/**
 * Whether a request comes from the machine that it names. `own`: from one of its network cards. `foreign`: from another
 * card. `unknown`: it is not known which card sent it, or which cards the machine has.
 */
export type Sender = 'own' | 'foreign' | 'unknown';

/**
 * Compares the cards of the machine that a request names with the cards that were seen behind the request's source
 * address. The machine's own claim to be somebody is no such card.
 *
 * `seen` has the card of our lease and the card in the kernel's neighbour table, as far as there are any. All of them
 * must be the machine's: a host that took over a machine's address, with a lease still in force, is foreign.
 */
export function senderOf(cards: readonly MacAddress[], seen: readonly MacAddress[]): Sender {
  if (cards.length === 0 || seen.length === 0) return 'unknown';
  return seen.every((card) => cards.includes(card)) ? 'own' : 'foreign';
}
