import type { BootLifeEvent, LifeCause, LifeDecision, NoBootLifeEvent } from './decide-by-life.ts';
import type { LocalBootMethod } from './local-boot.ts';
import type { Identification } from '../machines/identification.ts';
import type { ArmPurpose } from '../machines/lifecycle/life.ts';
import type { Labels } from '../selection/labels.ts';

/** What a machine without a group does (`unmatched` in the settings). */
export type UnmatchedPolicy = 'wait' | 'local' | 'fail';

/** The state of a machine, according to its record. */
export type MachineState = 'unknown' | 'known' | 'disabled';

/** What the catalog has for a machine; `M` is the type from which the answer is rendered. */
export type CatalogAnswer<M> =
  | { readonly kind: 'match'; readonly match: M }
  /** No group selects the machine. */
  | { readonly kind: 'none' }
  /** The machine's own record, group, profile or template cannot be used; `reason` names the fault and its place. */
  | { readonly kind: 'problem'; readonly reason: string }
  /** No generation is loaded. */
  | { readonly kind: 'not_ready' };

/** Why a machine does not boot what a profile says. */
export type NoBootCause =
  /** Its record says `disabled`. */
  | 'disabled'
  /** No catalog could be read, and no earlier one is stored. */
  | 'not_ready'
  /** What the catalog has for it is faulty. */
  | 'problem'
  /** No group selects it. */
  | 'unmatched'
  /** No group selects it, and it sends neither MAC nor UUID, so that no group can select it alone. */
  | 'unidentified'
  /** What has happened to it so far does not permit it. */
  | LifeCause
  /** The profile that it would boot for its purpose, as to be rescued, is missing or faulty. */
  | 'no_profile';

/** What a machine is to do. */
export type BootDecision<M> =
  | {
      readonly kind: 'boot';
      readonly match: M;
      /** What it boots for; undefined for a profile that any machine may boot at any time. */
      readonly purpose?: ArmPurpose;
      /** What happens to its life if it asks for its script, before `script_served`. */
      readonly event?: BootLifeEvent;
    }
  /** Ask again later: an operator has to do something first. */
  | NoBoot<'wait'>
  /** Boot from its own disk. */
  | NoBoot<'local'>
  /** Stop with an error. */
  | NoBoot<'refuse'>;

/** A machine that does not boot what a profile says, and why. */
interface NoBoot<Kind extends 'wait' | 'local' | 'refuse'> {
  readonly kind: Kind;
  readonly cause: NoBootCause;
  readonly reason: string;
  /** What happens to its life if it asks for a script. */
  readonly event?: NoBootLifeEvent;
}

/** Why a machine cannot boot for its purpose, although its group and profile can be used. */
export interface PurposeFault {
  readonly kind: 'no_profile';
  readonly reason: string;
}

/** What the decision depends on. */
export interface BootQuestion<M> {
  readonly state: MachineState;
  readonly identification: Identification;
  /** Labels of the request and of the machine's record. */
  readonly labels: Labels;
  /** What the catalog has for the purpose that the machine boots for. */
  readonly catalog: CatalogAnswer<M> | PurposeFault;
  readonly unmatched: UnmatchedPolicy;
  /** What its life permits; absent if nothing has happened to it yet. */
  readonly life?: LifeDecision;
  /** Whether it was installed, and is not armed for anything else. */
  readonly isInstalled?: boolean;
}

/**
 * Decides what a machine is to do, for all protocols. A retired machine is refused. A disabled machine boots from its
 * disk, even if the catalog is faulty; a machine that is held waits. If its record, group or profile is faulty, or no
 * catalog can be read, a machine that was installed boots from its disk, and every other one waits. A machine that no
 * group selects does what `unmatched` says.
 */
export function decideBoot<M>(question: BootQuestion<M>): BootDecision<M> {
  const { catalog, identification, labels, life, state, unmatched } = question;
  if (life?.kind === 'refuse') return life;
  if (state === 'disabled') {
    const id = identification.machine?.id ?? '';
    return { kind: 'local', cause: 'disabled', reason: `machine ${id} is disabled` };
  }
  if (life !== undefined && life.kind !== 'boot') return life;
  switch (catalog.kind) {
    case 'match': {
      const { event, purpose } = life ?? {};
      return {
        kind: 'boot',
        match: catalog.match,
        ...(purpose !== undefined && { purpose }),
        ...(event !== undefined && { event }),
      };
    }
    case 'not_ready':
      return withoutCatalog(
        question,
        'not_ready',
        'the catalog could not be read and no earlier copy is stored',
      );
    case 'problem':
      return withoutCatalog(question, 'problem', catalog.reason);
    case 'no_profile': {
      const event = life?.event === 'rebooted_without_report' ? life.event : undefined;
      const reason = life?.reason === undefined ? catalog.reason : `${life.reason}; and ${catalog.reason}`;
      return { kind: 'wait', cause: 'no_profile', reason, ...(event !== undefined && { event }) };
    }
    case 'none': {
      const cause = labels.has('mac') || labels.has('uuid') ? 'unmatched' : 'unidentified';
      const reason = `no group selects ${describeSubject(identification, labels)}`;
      const kind = unmatched === 'fail' ? 'refuse' : unmatched;
      return { kind, cause, reason };
    }
  }
}

/** The decision for a machine for which the catalog has nothing that can be used. */
function withoutCatalog(
  { identification, isInstalled, labels }: BootQuestion<unknown>,
  cause: 'not_ready' | 'problem',
  reason: string,
): NoBoot<'local'> | NoBoot<'wait'> {
  // What is installed does not depend on the catalog, and a mistake in a file must not keep it from starting.
  if (isInstalled !== true) return { kind: 'wait', cause, reason };
  const subject = describeSubject(identification, labels);
  return { kind: 'local', cause: 'installed', reason: `${subject} is installed, and ${reason}` };
}

/** The state of a machine, according to its record. */
export function stateOf({ machine }: Identification): MachineState {
  if (machine === undefined) return 'unknown';
  return machine.disabled === true ? 'disabled' : 'known';
}

/**
 * Whether a machine gets its first boot program or script. DHCP, TFTP and UEFI HTTP Boot know little more than its MAC
 * address, and the labels that it sends over HTTP later may select a group; so the program is withheld only where no
 * label can change the decision, and where a machine that has a group boots from its disk by the method `firmware`.
 */
export function mayStartNetworkBoot(decision: BootDecision<unknown>, localBoot?: LocalBootMethod): boolean {
  if (decision.kind === 'boot') return true;
  if (decision.cause === 'disabled' || decision.cause === 'retired') return false;
  return !leavesOutBootLoader(decision, localBoot);
}

/** Whether a machine goes on to its disk because it gets no boot loader, which is not decided by what it is. */
export function leavesOutBootLoader(
  decision: BootDecision<unknown>,
  localBoot: LocalBootMethod | undefined,
): boolean {
  return decision.kind === 'local' && localBoot === 'firmware' && BY_LIFE.has(decision.cause);
}

const BY_LIFE: ReadonlySet<NoBootCause> = new Set<NoBootCause>([
  'unarmed',
  'installed',
  'failed',
  'loop_detected',
]);

/** Who a request is from, in words. */
export function describeSubject({ machine }: Identification, labels: Labels): string {
  if (machine !== undefined) return `machine ${machine.id}`;
  const mac = labels.get('mac');
  if (mac !== undefined) return `MAC ${mac}`;
  const uuid = labels.get('uuid');
  return uuid === undefined ? 'a machine that sends neither MAC nor UUID' : `UUID ${uuid}`;
}
