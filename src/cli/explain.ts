import type { Command } from 'commander';
import { BootDecider } from '../catalog/boot-decider.ts';
import { explainMachine, type MachineExplanation } from '../catalog/explain-machine.ts';
import { printableJson, printableText } from '../provision/history/printable-text.ts';
import { claimsOfLabels, type Labels } from '../provision/selection/labels.ts';
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

function explain({ generation, machines, settings }: QueriedCatalog, claimed: Labels): MachineExplanation {
  const decider = new BootDecider({ generation: () => generation, unmatched: settings.unmatched });
  return explainMachine(decider, generation, machines.identify(claimsOfLabels(claimed)), claimed);
}

function describe(explained: MachineExplanation): string {
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
