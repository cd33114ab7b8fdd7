import type { MacAddress } from '../../../../src/protocol/mac-address.ts';
import type { Ipv4Address } from '../../../../src/protocol/ipv4-address.ts';
import type { LifeEvent, LifeEventKind } from '../../../../src/provision/machines/lifecycle/life-event.ts';
import {
  type Arm,
  type ArmPurpose,
  type Life,
  type LifeSession,
  type LifeState,
  newLife,
} from '../../../../src/provision/machines/lifecycle/life.ts';

/** The time of the tests: 2026-01-02 03:04:05 UTC. */
export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const MINUTE_MS = 60_000;

/** An arm that is open for another hour. */
export function someArm(purpose: ArmPurpose = 'install', attemptsLeft = 1): Arm {
  return { purpose, attemptsLeft, expiresAtMs: NOW_MS + 60 * MINUTE_MS, by: 'anna', reason: 'new disk' };
}

export function someSession(purpose: ArmPurpose = 'install', id = 'session-1'): LifeSession {
  return {
    id,
    startedAtMs: NOW_MS,
    purpose,
    mac: '52:54:00:00:00:01' as MacAddress,
    address: '10.0.0.11' as Ipv4Address,
    tokens: { boot: 'aa', installed: 'bb', report: 'cc' },
    fetchedAtMs: {},
  };
}

/** A machine in a state, as it gets there in the usual way. */
export function lifeIn(state: LifeState, purpose: ArmPurpose = 'install'): Life {
  const life: Life = { ...newLife('node1', state !== 'discovered'), state, sinceMs: NOW_MS - MINUTE_MS };
  switch (state) {
    case 'armed':
      return { ...life, base: { armed: 'ready' }, arm: someArm(purpose), epoch: 1 };
    case 'booting':
      return {
        ...life,
        base: { armed: 'ready' },
        arm: someArm(purpose),
        purpose,
        epoch: 1,
        session: someSession(purpose),
        deadlineMs: NOW_MS + 10 * MINUTE_MS,
        lastStepAtMs: NOW_MS - MINUTE_MS,
      };
    case 'installing':
      return {
        ...life,
        arm: someArm(purpose),
        purpose,
        epoch: 1,
        session: someSession(purpose),
        deadlineMs: NOW_MS + 30 * MINUTE_MS,
        lastStepAtMs: NOW_MS - MINUTE_MS,
        installsBegunMs: [NOW_MS - MINUTE_MS],
      };
    case 'installed':
      return { ...life, epoch: 1, installation: { atMs: NOW_MS - MINUTE_MS, configHash: 'dd' } };
    case 'rescue':
      return { ...life, epoch: 1, base: { rescue: 'installed' } };
    case 'failed':
      return {
        ...life,
        epoch: 1,
        base: { failed: 'ready' },
        failure: { cause: 'reported', message: 'no disk', permanent: false },
      };
    default:
      return life;
  }
}

/** An event of a kind, with details that any test can do with. */
export function eventOf(kind: LifeEventKind): LifeEvent {
  switch (kind) {
    case 'arm':
    case 'auto_arm':
      return { kind, arm: someArm() };
    case 'document_fetched':
      return { kind, session: someSession() };
    case 'stall':
    case 'hold':
    case 'lock':
    case 'attempt_failed':
      return { kind, message: 'for a test' };
    case 'report_installed':
      return { kind, installation: { atMs: NOW_MS } };
    case 'report_failed':
      return { kind, message: 'no disk', permanent: false };
    default:
      return { kind };
  }
}
