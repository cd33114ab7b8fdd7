import type { Command } from 'commander';
import { BootDecider } from '../catalog/boot-decider.ts';
import { describePolicy } from '../provision/boot/describe-policy.ts';
import { describeConflict, describeMatchedBy } from '../provision/machines/identification.ts';
import { printableJson, printableText } from '../provision/history/printable-text.ts';
import type { Passed } from '../provision/selection/group-index.ts';
import { claimsOfLabels, DHCP_LABELS, type Labels } from '../provision/selection/labels.ts';
import {
  addMachineQuery,
  type QueriedCatalog,
  loadOrReport,
  type MachineQuery,
  requireFacts,
  toLabels,
} from './machine-query.ts';

/** `railhead explain`: which group and profile a machine gets, and why no other. */
export function registerExplain(program: Command): void {
  addMachineQuery(
    program.command('explain').description('say which group and profile a machine gets, and why no other'),
  )
    .option('--json', 'print JSON')
    .action(async (options: MachineQuery & { json?: boolean }) => {
      if (!requireFacts(options)) return;
      const catalog = await loadOrReport(options);
      if (catalog === undefined) return;
      const explained = explain(catalog, toLabels(options));
      if (!catalog.hasSettingsFile) {
        process.stderr.write(
          `no railhead.yaml in this directory: assuming unmatched: ${catalog.settings.unmatched}; name the server's settings with --config\n`,
        );
      }
      process.stdout.write(options.json === true ? `${printableJson(explained)}\n` : describe(explained));
      if (explained.group === null || explained.decision === 'wait') process.exitCode = 1;
    });
}

const DECISIONS: Readonly<Record<string, string>> = {
  boot: 'boots this profile',
  wait: 'waits, and asks again (or as `unmatched` says, where no group selects it)',
  local: 'boots from its own disk',
  refuse: 'stops with an error',
};

interface Explained {
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
  /** What its life decides, which only the running server knows; empty if it decides nothing. */
  readonly lifecycle: readonly string[];
  readonly others: readonly { group: string; reason: string }[];
}

function explain({ generation, machines, settings }: QueriedCatalog, claimed: Labels): Explained {
  const claims = claimsOfLabels(claimed);
  const identification = machines.identify(claims);
  const decider = new BootDecider({ generation: () => generation, unmatched: settings.unmatched });
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

function describe(explained: Explained): string {
  const { conflicts, decision, group, labels, lifecycle, machine, others, profile, reason, recognisedBy } =
    explained;
  const answer =
    lifecycle.length === 0
      ? (DECISIONS[decision] ?? decision)
      : 'depends on what has happened to the machine, which the running server knows (railhead machines show); it';
  const lines = [
    `machine  ${machine === null ? 'no declared machine' : `${machine}, recognised by its ${recognisedBy}`}`,
    `labels   ${
      Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || 'none'
    }`,
    `group    ${group ?? 'none'}`,
    `profile  ${profile ?? 'none'}`,
    `answer   ${answer}${reason === null ? '' : `: ${reason}`}`,
    ...lifecycle.map((rule) => `         ${rule}`),
    ...conflicts.map((conflict) => `warning  ${conflict}`),
  ];
  if (others.length > 0)
    lines.push('', 'Not chosen:', ...others.map(({ group: id, reason }) => `  ${id}: ${reason}`));
  return `${lines.map(printableText).join('\n')}\n`;
}
