import type { LifeSubject, MachineDecision, RenderableMatch } from '../../catalog/boot-decider.ts';
import { parseIpv4 } from '../../protocol/ipv4-address.ts';
import { refuseByState } from '../../provision/boot/config-by-state.ts';
import { needsArm } from '../../provision/boot/decide-by-life.ts';
import type { NoBootCause } from '../../provision/boot/decide-boot.ts';
import {
  type AccessRefusal,
  decideByToken,
  type PresentedToken,
  type SessionDocument,
} from '../../provision/boot/session-token.ts';
import type { LifeEvent } from '../../provision/machines/lifecycle/life-event.ts';
import type { ArmPurpose, Life, LifeSession, TokenUse } from '../../provision/machines/lifecycle/life.ts';
import { INSTALLED_LABEL, type KnownTokens } from '../../provision/rendering/machine-urls.ts';
import { StoreError } from '../../store/store-error.ts';
import { type Answer, notYet } from './answer.ts';
import { type BootAnswers, genericName } from './boot-answers.ts';
import {
  type BootLifeParts,
  changing,
  isProtectedBoot,
  refuseWithAlarm,
  ROUNDS_MAX,
  seenSender,
  storeFailed,
} from './boot-life-parts.ts';
import type { BootRequest } from './boot-request.ts';
import { tokensOf } from './session-tokens.ts';

/** The paths that answer with what is a machine's own, and can have secrets. */
export type DocumentKind = 'ignition' | 'generic' | 'metadata';

/** Why a machine does not boot that say nothing about its configs: a boot that has begun goes on. */
const LIFE_CAUSES: ReadonlySet<NoBootCause> = new Set<NoBootCause>([
  'held',
  'retired',
  'unarmed',
  'installed',
  'failed',
  'loop_detected',
]);
const INSTALLS: ReadonlySet<ArmPurpose | undefined> = new Set<ArmPurpose>(['install', 'reset']);
const WHAT: Readonly<Record<DocumentKind, string>> = {
  ignition: 'Ignition config',
  generic: 'generic template',
  metadata: 'metadata',
};

/** A machine that has to be armed for what it asks for. */
interface Guarded {
  readonly subject: LifeSubject;
  readonly match: RenderableMatch;
  readonly life: Life;
}

/** What may be sent: the tokens for its URLs, and what has to be stored before. */
interface Permission {
  readonly kind: 'allowed';
  readonly tokens?: KnownTokens;
  readonly event?: LifeEvent;
}

/**
 * Whether a machine gets its configs, and what that does to its life. A profile that any machine may boot at any time
 * is answered at once. For all others the boot that has begun counts: with `protect: session` the token of that boot.
 */
export class DocumentLife {
  readonly #parts: BootLifeParts;
  readonly #answers: Pick<BootAnswers, 'decide' | 'resolveFor' | DocumentKind>;

  constructor(parts: BootLifeParts, answers: Pick<BootAnswers, 'decide' | 'resolveFor' | DocumentKind>) {
    this.#parts = parts;
    this.#answers = answers;
  }

  /** The document for the sender of a request. */
  answer(request: BootRequest, kind: DocumentKind): Answer | Promise<Answer> {
    const decided = this.#answers.decide(request);
    if (this.#guarded(request, decided) === undefined) return this.#send(request, kind, decided);
    return this.#answerGuarded(request, kind);
  }

  async #answerGuarded(request: BootRequest, kind: DocumentKind): Promise<Answer> {
    const { lives, pollSeconds } = this.#parts;
    let machineId = '';
    try {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const decided = this.#answers.decide(request);
        const guarded = this.#guarded(request, decided);
        if (guarded === undefined) return this.#send(request, kind, decided);
        const { match, subject } = guarded;
        ({ machineId } = subject);
        if (lives.isBusy(machineId)) {
          await lives.settled(machineId);
          continue;
        }
        // From here up to apply() nothing is awaited, so that no other change comes between them.
        const verdict = this.#decide(request, kind, decided, guarded);
        if (verdict.kind === 'refused') return this.#refuse(request, kind, decided, machineId, verdict);
        const boots: MachineDecision = { ...decided, decision: { kind: 'boot', match } };
        const answer = this.#answers[kind](request, boots, verdict.tokens);
        // What cannot be rendered was not fetched.
        if (answer.status !== 200 || request.method === 'HEAD' || verdict.event === undefined) return answer;
        const advance = await lives.apply({ ...subject, event: verdict.event, by: 'machine' });
        if (advance.kind === 'advanced') return answer;
      }
    } catch (error) {
      if (error instanceof StoreError) return storeFailed(pollSeconds);
      throw error;
    }
    return changing(machineId, pollSeconds);
  }

  /** What a request is about if it is for a machine that has to be armed; undefined if it is not. */
  #guarded(request: BootRequest, decided: MachineDecision): Guarded | undefined {
    const { decision, policy, subject } = decided;
    if (subject === undefined) return undefined;
    if (decision.kind !== 'boot' && !LIFE_CAUSES.has(decision.cause)) return undefined;
    const { lives } = this.#parts;
    const life = lives.of(subject.machineId, subject.declared);
    const isPurposeful = life.purpose !== undefined || life.state === 'rescue';
    if (!needsArm(policy) && !isPurposeful && !lives.isBusy(subject.machineId)) return undefined;
    const purpose = life.purpose ?? (life.state === 'rescue' ? 'rescue' : undefined);
    const found = this.#answers.resolveFor(decided, asksForInstalled(request) ? undefined : purpose);
    if (found.kind === 'match') return { subject, life, match: found.match };
    return decision.kind === 'boot' ? { subject, life, match: decision.match } : undefined;
  }

  #decide(
    request: BootRequest,
    kind: DocumentKind,
    decided: MachineDecision,
    { life, match }: Guarded,
  ): Permission | AccessRefusal {
    const { now, times, tokens } = this.#parts;
    const { sender } = seenSender(this.#parts, request, decided);
    const document = documentOf(request, kind);
    const asked = { life, sender, nowMs: now().getTime(), graceMs: times.tokenGraceMs };
    if (!isProtectedBoot(decided.policy, match)) {
      const installs = decided.policy.lifecycle === 'install';
      const refusal = refuseByState({ ...asked, installs });
      return refusal ?? { kind: 'allowed', ...this.#begun(life, document, asked.nowMs) };
    }
    const token = tokens.recognise(life, request.token);
    const address = parseIpv4(request.remoteAddress);
    const verdict = decideByToken({ ...asked, document, token, address });
    if (verdict.kind === 'refused') return verdict;
    const { first, session } = verdict;
    const known = isUse(token) ? tokensOf(token, request.token ?? '') : {};
    if (!first) return { kind: 'allowed', tokens: known };
    const begun = this.#begun(life, document, asked.nowMs, session);
    return { kind: 'allowed', tokens: known, event: { kind: 'document_fetched', session }, ...begun };
  }

  /** The event that the first fetch of the Ignition config of a boot is. */
  #begun(
    { purpose, state }: Life,
    document: SessionDocument,
    nowMs: number,
    session?: LifeSession,
  ): { event?: LifeEvent } {
    if (document !== 'ignition' || state !== 'booting') return {};
    const deadlineMs = INSTALLS.has(purpose) ? nowMs + this.#parts.times.installMs : undefined;
    return {
      event: {
        kind: 'ignition_served',
        ...(deadlineMs !== undefined && { deadlineMs }),
        ...(session !== undefined && { session }),
      },
    };
  }

  #refuse(
    request: BootRequest,
    kind: DocumentKind,
    decided: MachineDecision,
    machineId: string,
    refusal: AccessRefusal,
  ): Answer {
    const { pollSeconds } = this.#parts;
    const { cards } = seenSender(this.#parts, request, decided);
    if (refusal.alarm !== undefined || refusal.status !== 503) {
      return refuseWithAlarm(refusal, { what: WHAT[kind], machineId, cards });
    }
    const answer = notYet(refusal.reason, pollSeconds);
    if (kind !== 'ignition') return answer;
    const cause = decided.decision.kind === 'boot' ? 'unarmed' : decided.decision.cause;
    return { ...answer, event: { kind: 'ignition.refused', summary: refusal.reason, detail: { cause } } };
  }

  /** The answer that no life has to permit, and what is noted of it. */
  #send(request: BootRequest, kind: DocumentKind, decided: MachineDecision): Answer {
    const answer = this.#answers[kind](request, decided);
    const { subject } = decided;
    if (kind !== 'ignition' || answer.status !== 200 || request.method === 'HEAD' || subject === undefined) {
      return answer;
    }
    const { lives } = this.#parts;
    const { declared, machineId } = subject;
    const life = lives.find(machineId);
    if (life?.state !== 'booting' || asksForInstalled(request)) return answer;
    if (seenSender(this.#parts, request, decided).sender !== 'foreign') {
      lives.note(machineId, declared, { kind: 'ignition_served' });
    }
    return answer;
  }
}

function documentOf(request: BootRequest, kind: DocumentKind): SessionDocument {
  if (kind === 'generic') return `generic ${genericName(request) ?? ''}`;
  if (kind === 'ignition' && asksForInstalled(request)) return 'installed ignition';
  return kind;
}

/** Whether the config of the system that an installer writes to the disk is asked for. */
function asksForInstalled({ labels }: BootRequest): boolean {
  const [name, value] = INSTALLED_LABEL;
  return labels.get(name) === value;
}

function isUse(token: PresentedToken): token is TokenUse {
  return token === 'boot' || token === 'installed' || token === 'report';
}
