import type { Command } from 'commander';
import { describeMatchedBy } from '../provision/machines/identification.ts';
import { claimsOfLabels, type Labels } from '../provision/selection/labels.ts';
import {
  addMachineQuery,
  type CatalogOfFiles,
  loadOrReport,
  type MachineQuery,
  toLabels,
} from './machine-query.ts';

/** `railhead explain`: which group and profile a machine gets, and why no other. */
export function registerExplain(program: Command): void {
  addMachineQuery(
    program.command('explain').description('say which group and profile a machine gets, and why no other'),
  )
    .option('--json', 'print JSON')
    .action(async (options: MachineQuery & { json?: boolean }) => {
      const catalog = await loadOrReport(options.dir);
      if (catalog === undefined) return;
      const explained = explain(catalog, toLabels(options));
      process.stdout.write(
        options.json === true ? `${JSON.stringify(explained, null, 2)}\n` : describe(explained),
      );
      if (explained.group === null) process.exitCode = 1;
    });
}

interface Explained {
  readonly machine: string | null;
  /** By what the machine was recognised. */
  readonly recognisedBy: string | null;
  readonly labels: Record<string, string>;
  readonly group: string | null;
  readonly profile: string | null;
  readonly others: readonly { group: string; reason: string }[];
}

function explain({ generation, machines }: CatalogOfFiles, claimed: Labels): Explained {
  const identification = machines.identify(claimsOfLabels(claimed));
  const resolution = generation.resolve(claimed, identification);
  const explanation = generation.explain(resolution.labels);
  return {
    machine: resolution.machine?.id ?? null,
    recognisedBy: identification.matchedBy === undefined ? null : describeMatchedBy(identification.matchedBy),
    labels: Object.fromEntries(resolution.labels),
    group: explanation.chosen?.id ?? null,
    profile: explanation.chosen?.profile ?? null,
    others: explanation.others.map(({ group, reason }) => ({ group: group.id, reason })),
  };
}

function describe({ machine, recognisedBy, labels, group, profile, others }: Explained): string {
  const lines = [
    `machine  ${machine === null ? 'none that is declared' : `${machine}, recognised by its ${recognisedBy}`}`,
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
