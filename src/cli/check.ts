import type { Command } from 'commander';

/** `railhead check [DIR]`: validates a whole tree, and renders what every group and machine would be given. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('validate a tree of profiles, groups and machines, and render everything once')
    .argument('[dir]', 'the directory that holds profiles/, groups/ and machines/', '.')
    .option('--strict', 'fail for warnings, too')
    .action(async (directory: string, options: { strict?: boolean }) => {
      const { loadCatalog } = await import('../catalog/load-catalog.ts');
      const { formatProblem } = await import('../documents/problem.ts');
      const { generation, machines, problems, warnings } = await loadCatalog(directory, () => new Date());
      for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
      for (const warning of warnings) process.stdout.write(`warning: ${formatProblem(warning)}\n`);
      const isEmpty =
        generation !== undefined && problems.length === 0 && isWithoutDocuments(generation, machines);
      if (isEmpty) {
        process.stderr.write(
          `there is no catalog in ${directory}: no profile, group or machine below profiles/, groups/ and machines/\n`,
        );
      } else {
        const found = problems.length === 0 ? 'no problems' : count(problems.length, 'problem');
        const odd = warnings.length === 0 ? '' : `, ${count(warnings.length, 'warning')}`;
        const size =
          generation === undefined
            ? ''
            : `: ${count(generation.profiles.size, 'profile')}, ${count(generation.groups.length, 'group')}, ${count(machines.length, 'machine')}`;
        process.stderr.write(`${found}${odd}${problems.length === 0 ? size : ''}\n`);
      }
      if (isEmpty || problems.length > 0 || (options.strict === true && warnings.length > 0))
        process.exitCode = 1;
    });
}

function isWithoutDocuments(
  {
    groups,
    profiles,
  }: { readonly groups: readonly unknown[]; readonly profiles: ReadonlyMap<string, unknown> },
  machines: readonly unknown[],
): boolean {
  return profiles.size === 0 && groups.length === 0 && machines.length === 0;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
