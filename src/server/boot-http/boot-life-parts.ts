import type { MachineDecision, RenderableMatch } from '../../catalog/boot-decider.ts';
import type { Lives } from '../../machines/lives.ts';
import { parseIpv4 } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { AccessRefusal } from '../../provision/boot/session-token.ts';
import { type Sender, senderOf } from '../../provision/machines/sender.ts';
import type { BootEvent } from '../../provision/history/boot-event.ts';
import { type Answer, notYet, refuse } from './answer.ts';
import type { BootRequest } from './boot-request.ts';
import type { SessionTokens } from './session-tokens.ts';

/** What requests that belong to the life of a machine depend on. */
export interface BootLifeParts {
  readonly lives: Pick<Lives, 'apply' | 'find' | 'isBusy' | 'note' | 'of' | 'settled' | 'step'>;
  readonly tokens: SessionTokens;
  /** The network cards behind an address, from leases of ours and the kernel's neighbour table. */
  readonly cardsBehind: (address: string) => readonly MacAddress[];
  /** The id of the boot session that an event belongs to. */
  readonly sessionOf: (event: BootEvent) => string;
  readonly times: {
    /** How long the system's own arms are open. */
    readonly armMs: number;
    /** How long a boot may take until its Ignition config is fetched. */
    readonly bootMs: number;
    readonly installMs: number;
    /** How long a document may be fetched again. */
    readonly tokenGraceMs: number;
  };
  readonly pollSeconds: number;
  readonly now: () => Date;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** How often a request is decided again because the machine's life changes meanwhile. */
export const ROUNDS_MAX = 16;

/** Who sent a request, as far as the network shows it. */
export interface SeenSender {
  readonly sender: Sender;
  /** The network cards behind the request's source address. */
  readonly cards: readonly MacAddress[];
}

/** Whether a request comes from the machine that it names. */
export function seenSender(
  { cardsBehind }: Pick<BootLifeParts, 'cardsBehind'>,
  { remoteAddress }: BootRequest,
  { resolution }: MachineDecision,
): SeenSender {
  const cards = cardsBehind(remoteAddress);
  return { cards, sender: senderOf(cardsOf(resolution), cards) };
}

/** The network cards of the machine that a request names: without a record, the one that it names. */
function cardsOf({ labels, machine }: MachineDecision['resolution']): readonly MacAddress[] {
  if (machine !== undefined) return machine.macs;
  const mac = labels.get('mac') as MacAddress | undefined;
  return mac === undefined ? [] : [mac];
}

/** Whether a machine that boots this gets tokens, and its configs only with them. */
export function isProtectedBoot(
  { isProtected }: MachineDecision['policy'],
  { resolution }: RenderableMatch,
): boolean {
  return isProtected || resolution.match.compiled.profile.protect === 'session';
}

/** What was asked for, and by whom, for the alarm. */
export interface RefusedRequest {
  /** As in `boot script`. */
  readonly what: string;
  readonly machineId: string;
  readonly cards: readonly MacAddress[];
}

/** The answer to a request that may not have what it asks for. An alarm is recorded in the machine's history. */
export function refuseWithAlarm(
  { alarm, reason, status }: AccessRefusal,
  { cards, machineId, what }: RefusedRequest,
): Answer {
  const answer = refuse(status, reason);
  if (alarm === undefined) return answer;
  const [card] = cards;
  const why = alarm.replaceAll('_', ' ');
  return {
    ...answer,
    event: {
      kind: 'access.refused',
      summary: `the ${what} of machine ${machineId} was refused: ${why}`,
      detail: { alarm, what, ...(card !== undefined && { card }) },
    },
  };
}

/** The answer when a change that the answer depends on cannot be stored: nothing has happened, and nothing boots. */
export function storeFailed(pollSeconds: number): Answer {
  return notYet('the database cannot be written at present, so nothing is booted', pollSeconds);
}

/** The answer to a machine whose life changes faster than its request can be decided. */
export function changing(machineId: string, pollSeconds: number): Answer {
  return notYet(`the state of machine ${machineId} keeps changing`, pollSeconds);
}

/** The boot session that a script begins or goes on with. */
export function sessionIdFor(
  { now, sessionOf }: Pick<BootLifeParts, 'now' | 'sessionOf'>,
  { claims, remoteAddress }: BootRequest,
  kind: 'ipxe' | 'grub',
): string {
  const address = parseIpv4(remoteAddress);
  return sessionOf({
    at: now(),
    kind: kind === 'ipxe' ? 'ipxe.sent' : 'grub.sent',
    ...(claims.mac !== undefined && { mac: claims.mac }),
    ...(address !== undefined && { address }),
    summary: '',
    detail: {},
  });
}
