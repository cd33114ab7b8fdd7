import type { Command } from 'commander';

/** `railhead check [DIR]`: validates a whole tree, and renders what every group and machine would be given. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('validate a tree of profiles, groups and machines, and render everything once')
    .argument('[dir]', 'the directory that holds profiles/, groups/ and machines/', '.')
    .action(async (directory: string) => {
      const { loadCatalog } = await import('../catalog/load-catalog.ts');
      const { formatProblem } = await import('../documents/problem.ts');
      const loaded = await loadCatalog(directory, () => new Date());
      if (loaded.kind === 'invalid') {
        for (const problem of loaded.problems) process.stdout.write(`${formatProblem(problem)}\n`);
        const count = loaded.problems.length;
        process.stderr.write(`${count} problem${count === 1 ? '' : 's'}\n`);
        process.exitCode = 1;
        return;
      }
      const { generation, machines } = loaded;
      const { profiles, groups } = generation;
      process.stderr.write(
        `no problems: ${profiles.size} profiles, ${groups.length} groups, ${machines.length} machines\n`,
      );
    });
}
