import {
  type Condition,
  CONDITION_TYPES,
  type ConditionType,
  type Life,
} from '../provision/machines/lifecycle/life.ts';
import type { MachineLifeView } from '../api/schemas/machine.ts';
import type { MachineSubject } from './machine-subject.ts';

/** The view of a machine. */
export function viewOf({
  conflicts: conflictTexts = [],
  discovered,
  id,
  life,
  localBoot,
  machine,
  profile,
  sources,
}: MachineSubject): MachineLifeView {
  const { arm, conditions, confirmed, failure, installation, session, sinceMs, state } = life;
  const uuid = machine?.uuid ?? discovered?.uuid;
  const serial = machine?.serial ?? discovered?.serial;
  const address = machine?.address ?? discovered?.address;
  return {
    id,
    state,
    ...(sinceMs > 0 && { since: timeText(sinceMs) }),
    confirmed,
    conditions: CONDITION_TYPES.flatMap((type) => {
      const condition = conditions[type];
      return condition === undefined ? [] : [viewCondition(type, condition)];
    }),
    ...(arm !== undefined && {
      arm: {
        purpose: arm.purpose,
        expires_at: timeText(arm.expiresAtMs),
        attempts_left: arm.attemptsLeft,
        by: arm.by,
        reason: arm.reason,
      },
    }),
    ...(failure !== undefined && { failure }),
    ...(installation !== undefined && { installation: viewInstallation(installation) }),
    ...(session !== undefined && {
      session: {
        id: session.id,
        started_at: timeText(session.startedAtMs),
        purpose: session.purpose,
        mac: session.mac,
        address: session.address,
      },
    }),
    macs: machine?.macs ?? (discovered === undefined ? [] : [discovered.mac]),
    ...(uuid !== undefined && { uuid }),
    ...(serial !== undefined && { serial }),
    ...(machine?.hostname !== undefined && { hostname: machine.hostname }),
    ...(address !== undefined && { address }),
    labels: machine?.labels ?? {},
    ...(localBoot !== undefined && { local_boot: localBoot }),
    sources,
    conflicts: conflictTexts,
    disabled: machine?.disabled === true,
    ...('problem' in profile
      ? { problem: profile.problem }
      : { group: profile.group, profile: profile.profile }),
    ...(discovered !== undefined && {
      ...(discovered.manufacturer !== undefined && { manufacturer: discovered.manufacturer }),
      ...(discovered.product !== undefined && { product: discovered.product }),
      first_seen_at: discovered.firstSeenAt.toISOString(),
      last_seen_at: discovered.lastSeenAt.toISOString(),
    }),
  };
}

function viewCondition(
  type: ConditionType,
  { message, sinceMs }: Condition,
): MachineLifeView['conditions'][number] {
  return { type, since: timeText(sinceMs), message };
}

function viewInstallation({
  atMs,
  configHash,
  disk,
  generation,
  release,
}: NonNullable<Life['installation']>): NonNullable<MachineLifeView['installation']> {
  return {
    at: timeText(atMs),
    ...(release !== undefined && { release }),
    ...(disk !== undefined && { disk }),
    ...(configHash !== undefined && { config_hash: configHash }),
    ...(generation !== undefined && { generation }),
  };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
