import { describePolicy } from '../provision/boot/describe-policy.ts';
import {
  describeConflict,
  describeMatchedBy,
  type Identification,
} from '../provision/machines/identification.ts';
import type { Passed } from '../provision/selection/group-index.ts';
import { claimsOfLabels, DHCP_LABELS, type Labels } from '../provision/selection/labels.ts';
import type { BootDecider } from './boot-decider.ts';
import type { Generation } from './generation.ts';

/** Which group and profile a machine gets, and why no other. */
export interface MachineExplanation {
  readonly machine: string | null;
  /** What the machine was identified by. */
  readonly recognisedBy: string | null;
  readonly labels: Record<string, string>;
  /** What the machine is told to do: `boot`, `wait`, `local` or `refuse`. */
  readonly decision: string;
  /** Why the machine does not boot. */
  readonly reason: string | null;
  /** Identifiers that it sends and that belong to another machine. */
  readonly conflicts: readonly string[];
  readonly group: string | null;
  readonly profile: string | null;
  /** What its life decides in general; empty if it decides nothing. */
  readonly lifecycle: readonly string[];
  readonly others: readonly { readonly group: string; readonly reason: string }[];
}

/** Explains the answer to a machine that sends the labels `claimed`. */
export function explainMachine(
  decider: BootDecider,
  generation: Generation,
  identification: Identification,
  claimed: Labels,
): MachineExplanation {
  const claims = claimsOfLabels(claimed);
  const { decision, policy, resolution } = decider.decide(claimed, identification);
  const rescue = decider.resolveFor(claimed, identification, 'rescue');
  const explanation = generation.explain(resolution.labels);
  return {
    machine: resolution.machine?.id ?? null,
    recognisedBy: identification.matchedBy === undefined ? null : describeMatchedBy(identification.matchedBy),
    labels: Object.fromEntries(resolution.labels),
    decision: decision.kind,
    reason: decision.kind === 'boot' ? null : decision.reason,
    conflicts: identification.conflicts.map((conflict) =>
      describeConflict(conflict, claims, identification.machine),
    ),
    group: explanation.chosen?.id ?? null,
    profile: explanation.chosen?.profile ?? null,
    lifecycle:
      decision.kind === 'boot'
        ? describePolicy(
            policy,
            rescue.kind === 'match' ? rescue.match.resolution.match.compiled.profile.id : undefined,
          )
        : [],
    others: explanation.others.map((passed) => ({
      group: passed.group.id,
      reason: passed.reason + hintOf(passed),
    })),
  };
}

/** Where a label comes from that is missing in the question, and that a running server would know. */
function hintOf(passed: Passed): string {
  if (passed.kind !== 'failed' || passed.failed.actual !== undefined) return '';
  const { label } = passed.failed;
  return (DHCP_LABELS as readonly string[]).includes(label)
    ? ` (DHCP learns it from the machine's packets; give it here as --label ${label}=...)`
    : '';
}
