import type { LifeSubject, MachineDecision } from '../../catalog/boot-decider.ts';
import { needsArm } from '../../provision/boot/decide-by-life.ts';
import { type AccessRefusal, decideByToken, foreignSender } from '../../provision/boot/session-token.ts';
import type { LifeSession } from '../../provision/machines/lifecycle/life.ts';
import { parseIpv4 } from '../../protocol/ipv4-address.ts';
import type { Answer } from './answer.ts';
import { type BootLifeParts, refuseWithAlarm, seenSender } from './boot-life-parts.ts';
import type { BootRequest } from './boot-request.ts';

/** What a report may do. */
export type ReportAccess =
  /** It may change the life of the machine. `session`: the boot that it is about, if that has tokens. */
  | { readonly kind: 'permitted'; readonly subject: LifeSubject; readonly session?: LifeSession }
  /** It is recorded in the history, and changes nothing: it is not known to be from the machine. */
  | { readonly kind: 'noted' }
  /** It is answered with this, and the event in it is recorded. */
  | { readonly kind: 'refused'; readonly answer: Answer };

/**
 * Decides whether a report may change the life of the machine that it names. If the machine has tokens, the report needs
 * the one for reports, which stays valid after the boot. Else it must not come from another machine's card.
 */
export function reportAccess(
  parts: Pick<BootLifeParts, 'cardsBehind' | 'lives' | 'now' | 'times' | 'tokens'>,
  request: BootRequest,
  decided: MachineDecision,
): ReportAccess {
  const { policy, subject } = decided;
  if (subject === undefined) return { kind: 'noted' };
  const { lives, now, times, tokens } = parts;
  const { declared, machineId } = subject;
  const life = lives.of(machineId, declared);
  const { cards, sender } = seenSender(parts, request, decided);
  const refused = (refusal: AccessRefusal): ReportAccess => ({
    kind: 'refused',
    answer: refuseWithAlarm(refusal, { what: 'report', machineId, cards }),
  });
  if (life.session === undefined && !policy.isProtected) {
    if (sender !== 'foreign') return { kind: 'permitted', subject };
    const changes = needsArm(policy) || life.purpose !== undefined;
    return changes ? refused(foreignSender(machineId)) : { kind: 'noted' };
  }
  const verdict = decideByToken({
    life,
    document: 'report',
    token: tokens.recognise(life, request.token),
    sender,
    address: parseIpv4(request.remoteAddress),
    nowMs: now().getTime(),
    graceMs: times.tokenGraceMs,
  });
  if (verdict.kind === 'refused') return refused(verdict);
  return { kind: 'permitted', subject, session: verdict.session };
}
