import type { LifeSubject, MachineDecision } from '../../catalog/boot-decider.ts';
import { RecentMap } from '../../limits/recent-map.ts';
import { KeyedBuckets, TokenBucket } from '../../limits/token-bucket.ts';
import { parseIpv4 } from '../../protocol/ipv4-address.ts';
import type { LifeEvent } from '../../provision/machines/lifecycle/life-event.ts';
import type { Arm, ArmPurpose, LifeSession } from '../../provision/machines/lifecycle/life.ts';
import { foreignSender, unknownSender } from '../../provision/boot/session-token.ts';
import { StoreError } from '../../store/store-error.ts';
import { type Answer, notYet } from './answer.ts';
import type { BootAnswers } from './boot-answers.ts';
import {
  type BootLifeParts,
  changing,
  isProtectedBoot,
  refuseWithAlarm,
  ROUNDS_MAX,
  type SeenSender,
  seenSender,
  sessionIdFor,
  storeFailed,
} from './boot-life-parts.ts';
import type { BootRequest } from './boot-request.ts';

/** The paths that answer with a script. */
export type ScriptKind = 'ipxe' | 'grub';

const MACHINES_MAX = 100_000;
/** A boot loader that cannot load its kernel asks every few seconds. Each script of an armed machine is stored. */
const SCRIPT_BURST = 20;
const SCRIPTS_PER_SECOND = 0.2;
/** That a machine asks although it is not armed is noted again after this time. */
const ASKED_AGAIN_MS = 30 * 60_000;
/** Machines without a record that `arm: auto` may arm. Anybody can invent a MAC address, and each arm is stored. */
const UNKNOWN_ARMS_BURST = 10_000;
const UNKNOWN_ARMS_PER_SECOND = 0.1;

/**
 * What asking for a script does to the life of a machine. What the answer depends on is durable before the answer is
 * sent; a script of a profile that any machine may boot at any time is sent at once, and noted in the background.
 */
export class ScriptLife {
  readonly #parts: BootLifeParts;
  readonly #answers: Pick<BootAnswers, 'decide' | ScriptKind>;
  readonly #scripts = new KeyedBuckets(SCRIPTS_PER_SECOND, SCRIPT_BURST, MACHINES_MAX);
  readonly #asked = new RecentMap<true>(ASKED_AGAIN_MS, MACHINES_MAX);
  readonly #unknownArms: TokenBucket;

  constructor(parts: BootLifeParts, answers: Pick<BootAnswers, 'decide' | ScriptKind>) {
    this.#parts = parts;
    this.#answers = answers;
    this.#unknownArms = new TokenBucket(UNKNOWN_ARMS_PER_SECOND, UNKNOWN_ARMS_BURST, parts.nowMs());
  }

  /** The script for the sender of a request. */
  answer(request: BootRequest, kind: ScriptKind): Answer | Promise<Answer> {
    return this.answerNow(request, kind) ?? this.#answerAfterChanges(request, kind);
  }

  /** The same, as far as it can be told without a change that has to be stored before; else undefined. */
  answerNow(request: BootRequest, kind: ScriptKind): Answer | undefined {
    const decided = this.#answers.decide(request);
    const { subject } = decided;
    // HEAD changes nothing, and its answer has no script.
    if (request.method === 'HEAD') return this.#answers[kind](request, decided);
    if (subject !== undefined && this.#mustChange(decided, subject)) return undefined;
    return this.#send(request, kind, decided);
  }

  async #answerAfterChanges(request: BootRequest, kind: ScriptKind): Promise<Answer> {
    const { lives, pollSeconds } = this.#parts;
    let machineId = '';
    try {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const decided = this.#answers.decide(request);
        const { subject } = decided;
        if (subject === undefined || !this.#mustChange(decided, subject)) {
          return this.#send(request, kind, decided);
        }
        ({ machineId } = subject);
        if (lives.isBusy(machineId)) {
          await lives.settled(machineId);
          continue;
        }
        // From the decision up to apply() nothing is awaited, so that no other change comes between them.
        const seen = seenSender(this.#parts, request, decided);
        const refusal = this.#refusal(decided, subject, seen);
        if (refusal !== undefined) return refusal;
        const planned = this.#plan(request, kind, decided, subject, seen);
        if ('status' in planned) return planned;
        const { answer, event } = planned;
        const by = event.kind === 'auto_arm' ? 'system' : 'machine';
        const advance = await lives.apply({ ...subject, event, by });
        if (answer !== undefined && advance.kind === 'advanced') return answer;
      }
    } catch (error) {
      if (error instanceof StoreError) return storeFailed(pollSeconds);
      throw error;
    }
    return changing(machineId, pollSeconds);
  }

  /** Whether the answer depends on a change of the machine's life. */
  #mustChange({ decision }: MachineDecision, { declared, machineId }: LifeSubject): boolean {
    const { lives } = this.#parts;
    if (lives.isBusy(machineId)) return true;
    if (decision.kind === 'boot') return decision.purpose !== undefined || decision.event !== undefined;
    if (decision.event !== 'asked_while_unarmed') return decision.event !== undefined;
    // Otherwise the state stays as it is.
    return lives.of(machineId, declared).state === 'live';
  }

  /** Why nothing may change for this request; undefined if it may. */
  #refusal(
    { decision, policy }: MachineDecision,
    { declared, machineId }: LifeSubject,
    { cards, sender }: SeenSender,
  ): Answer | undefined {
    const { nowMs, pollSeconds } = this.#parts;
    const what = { what: 'boot script', cards, machineId };
    if (sender === 'foreign') return refuseWithAlarm(foreignSender(machineId), what);
    const isProtected =
      decision.kind === 'boot' ? isProtectedBoot(policy, decision.match) : policy.isProtected;
    if (sender === 'unknown' && isProtected) return refuseWithAlarm(unknownSender(machineId), what);
    if (!this.#scripts.take(machineId, nowMs())) {
      return notYet(`machine ${machineId} asks for its boot script too often`, pollSeconds);
    }
    if (decision.event === 'auto_arm' && !declared && !this.#unknownArms.take(nowMs())) {
      return notYet('too many machines without a record were armed by `arm: auto`', pollSeconds);
    }
    return undefined;
  }

  /** The change that is to be stored next, and the answer that may be sent after it; or an answer without a change. */
  #plan(
    request: BootRequest,
    kind: ScriptKind,
    decided: MachineDecision,
    { machineId }: LifeSubject,
    seen: SeenSender,
  ): Answer | { readonly answer?: Answer; readonly event: LifeEvent } {
    const { now, times, tokens } = this.#parts;
    const { decision, policy } = decided;
    const nowMs = now().getTime();
    if (decision.event === 'auto_arm') {
      return { event: { kind: 'auto_arm', arm: armOfSystem(decided, nowMs + times.armMs) } };
    }
    if (decision.event !== undefined) return { event: { kind: decision.event } };
    if (decision.kind !== 'boot' || decision.purpose === undefined) return this.#send(request, kind, decided);
    const { purpose } = decision;
    const minted = isProtectedBoot(policy, decision.match) ? tokens.mint(machineId) : undefined;
    const answer = this.#answers[kind](request, decided, minted?.tokens);
    // Without a script nothing boots, and an arm that is not used remains.
    if (answer.status !== 200) return answer;
    const session = minted && this.#session(request, kind, purpose, minted.hashes, seen);
    return {
      answer,
      event: {
        kind: 'script_served',
        purpose,
        ...(session !== undefined && { session }),
        deadlineMs: nowMs + times.bootMs,
      },
    };
  }

  #session(
    request: BootRequest,
    kind: ScriptKind,
    purpose: ArmPurpose,
    hashes: LifeSession['tokens'],
    { cards }: SeenSender,
  ): LifeSession | undefined {
    const mac = request.claims.mac ?? cards[0];
    const address = parseIpv4(request.remoteAddress);
    if (mac === undefined || address === undefined) return undefined;
    return {
      id: sessionIdFor(this.#parts, request, kind),
      startedAtMs: this.#parts.now().getTime(),
      purpose,
      mac,
      address,
      tokens: hashes,
      fetchedAtMs: {},
    };
  }

  /** The answer that no change has to precede, and what is noted of it. */
  #send(request: BootRequest, kind: ScriptKind, decided: MachineDecision): Answer {
    const answer = this.#answers[kind](request, decided);
    const { decision, subject } = decided;
    if (subject === undefined) return answer;
    if (decision.kind === 'boot') {
      if (answer.status === 200) this.#noteBoot(request, decided, subject);
    } else if (decision.event === 'asked_while_unarmed') this.#noteAsked(request, decided, subject);
    return answer;
  }

  #noteBoot(request: BootRequest, decided: MachineDecision, subject: LifeSubject): void {
    const { lives } = this.#parts;
    const { declared, machineId } = subject;
    const life = lives.find(machineId);
    if (life?.state === 'booting' && life.purpose === undefined) lives.step(machineId);
    else if (this.#isNoted(request, decided, subject)) {
      lives.note(machineId, declared, { kind: 'script_served' });
    }
  }

  #noteAsked(request: BootRequest, decided: MachineDecision, subject: LifeSubject): void {
    const { lives, nowMs } = this.#parts;
    const { declared, machineId } = subject;
    if (this.#asked.get(machineId, nowMs()) || !this.#isNoted(request, decided, subject)) return;
    this.#asked.set(machineId, true, nowMs());
    lives.note(machineId, declared, { kind: 'asked_while_unarmed' });
  }

  /**
   * Whether the life of a machine may change because of a request that no answer depends on. Anybody can name machines
   * that have no record, as many as they like.
   */
  #isNoted(request: BootRequest, decided: MachineDecision, { declared, machineId }: LifeSubject): boolean {
    if (!declared && this.#parts.lives.find(machineId) === undefined) return false;
    return seenSender(this.#parts, request, decided).sender !== 'foreign';
  }
}

function armOfSystem({ policy, resolution }: MachineDecision, expiresAtMs: number): Arm {
  const reason = `group ${resolution.group?.id ?? ''} has arm: auto`;
  return { purpose: policy.lifecycle, expiresAtMs, attemptsLeft: 1, by: 'system', reason };
}
