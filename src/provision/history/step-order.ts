import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { BootEvent } from './boot-event.ts';
import { type BootPhase, hasReached } from './boot-phase.ts';

/** How far a session has got before an event, and to which address its script was sent. */
export interface SessionSoFar {
  readonly phase: BootPhase | undefined;
  readonly scriptAddress: Ipv4Address | undefined;
}

/** What is wrong with the order of steps; it becomes an event of its own. */
export interface OrderFault {
  readonly kind: 'boot.out_of_order' | 'boot.other_address';
  readonly summary: string;
}

/** The documents of a machine that only its own boot asks for. */
const DOCUMENTS: Readonly<Partial<Record<BootEvent['kind'], string>>> = {
  'ignition.sent': 'Ignition config',
  'generic.sent': 'generic template',
  'metadata.sent': 'metadata',
};

/**
 * What is out of order about an event, given its session so far: a document that was fetched without a script before it,
 * or from another address than the one that the script was sent to. Undefined if nothing is.
 */
export function orderFault({ address, kind }: BootEvent, before: SessionSoFar): OrderFault | undefined {
  const what = DOCUMENTS[kind];
  if (what === undefined) return undefined;
  const { phase, scriptAddress } = before;
  if (!hasReached(phase, 'script')) {
    return {
      kind: 'boot.out_of_order',
      summary: `the ${what} was fetched although no boot script was sent to this machine before`,
    };
  }
  if (address === undefined || scriptAddress === undefined || address === scriptAddress) return undefined;
  return {
    kind: 'boot.other_address',
    summary: `the ${what} was fetched from ${address}, but the boot script was sent to ${scriptAddress}`,
  };
}
