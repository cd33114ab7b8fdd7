import type { Condition, Life } from '../provision/machines/lifecycle/life.ts';
import type { MachineHistoryView } from './machine-history-view.ts';
import type { MachineSubject } from './machine-subject.ts';

/** Whether something can be done to a machine now, and if not, why. */
export type ActionView = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/** A machine as people and programs see it: without metadata and tokens. Times are RFC 3339. */
export interface MachineLifeView {
  readonly id: string;
  readonly state: Life['state'];
  /** Absent while nothing has happened to it yet. */
  readonly since?: string;
  readonly confirmed: boolean;
  readonly conditions: readonly { readonly type: string; readonly since: string; readonly message: string }[];
  readonly arm?: {
    readonly purpose: string;
    readonly expires_at: string;
    readonly attempts_left: number;
    readonly by: string;
    readonly reason: string;
  };
  readonly failure?: { readonly cause: string; readonly message: string; readonly permanent: boolean };
  readonly installation?: {
    readonly at: string;
    readonly release?: string;
    readonly disk?: string;
    readonly config_hash?: string;
    readonly generation?: string;
  };
  /** The latest boot that has tokens. */
  readonly session?: {
    readonly id: string;
    readonly started_at: string;
    readonly purpose: string;
    readonly mac: string;
    readonly address: string;
  };
  readonly macs: readonly string[];
  readonly uuid?: string;
  readonly serial?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The sources that declare it; empty for a machine that was only discovered. */
  readonly sources: readonly string[];
  readonly group?: string;
  readonly profile?: string;
  /** How it boots from its disk, in words. */
  readonly local_boot?: string;
  /** Why it has no profile. */
  readonly problem?: string;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly first_seen_at?: string;
  readonly last_seen_at?: string;
}

/** A machine with what can be done to it. */
export interface MachineDetailView extends MachineLifeView {
  readonly actions: Readonly<Record<string, ActionView>>;
}

/** The same with what the machine has told of itself. */
export type MachineShownView = MachineDetailView & MachineHistoryView;

/** The view of a machine. */
export function viewOf({
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
    conditions: Object.entries(conditions).map(([type, condition]) => viewCondition(type, condition)),
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

function viewCondition(type: string, { message, sinceMs }: Condition): MachineLifeView['conditions'][number] {
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
