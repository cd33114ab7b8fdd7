import type { Command } from 'commander';
import type { Generation } from '../catalog/generation.ts';
import type { Labels } from '../provision/selection/labels.ts';
import { addMachineQuery, loadOrReport, type MachineQuery, toLabels } from './machine-query.ts';

/** `railhead explain`: which group and profile a machine gets, and why no other. */
export function registerExplain(program: Command): void {
  addMachineQuery(
    program.command('explain').description('say which group and profile a machine gets, and why no other'),
  )
    .option('--json', 'print JSON')
    .action(async (options: MachineQuery & { json?: boolean }) => {
      const generation = await loadOrReport(options.dir);
      if (generation === undefined) return;
      const explained = explain(generation, toLabels(options));
      process.stdout.write(
        options.json === true ? `${JSON.stringify(explained, null, 2)}\n` : describe(explained),
      );
      if (explained.group === null) process.exitCode = 1;
    });
}

interface Explained {
  readonly machine: string | null;
  readonly labels: Record<string, string>;
  readonly group: string | null;
  readonly profile: string | null;
  readonly others: readonly { group: string; reason: string }[];
}

function explain(generation: Generation, claimed: Labels): Explained {
  const { resolution, explanation } = generation.explain(claimed);
  return {
    machine: resolution.machine?.id ?? null,
    labels: Object.fromEntries(resolution.labels),
    group: explanation.chosen?.id ?? null,
    profile: explanation.chosen?.profile ?? null,
    others: explanation.others.map(({ group, reason }) => ({ group: group.id, reason })),
  };
}

function describe({ machine, labels, group, profile, others }: Explained): string {
  const lines = [
    `machine  ${machine ?? 'none that is declared'}`,
    `labels   ${
      Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || 'none'
    }`,
    `group    ${group ?? 'none: the machine would wait, and ask again'}`,
    `profile  ${profile ?? 'none'}`,
  ];
  if (others.length > 0)
    lines.push('', 'Not chosen:', ...others.map(({ group: id, reason }) => `  ${id}: ${reason}`));
  return `${lines.join('\n')}\n`;
}
