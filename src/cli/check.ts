import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { printableText } from '../provision/history/printable-text.ts';
import type { CheckedTree } from './check-tree.ts';

/** `railhead check [DIR]`: validates a whole tree, and renders what every group and machine would be given. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('validate railhead.yaml, profiles, groups and machines, and render everything once')
    .argument('[dir]', 'the directory that holds railhead.yaml, or profiles/, groups/ and machines/', '.')
    .option('--strict', 'fail for warnings, too')
    .option(
      '--store <file>',
      'the database of the server, to say what it would serve instead (default: store of railhead.yaml)',
    )
    .action(async (directory: string, options: { strict?: boolean; store?: string }) => {
      if (options.store !== undefined && !existsSync(options.store)) {
        process.stderr.write(`there is no database ${options.store}\n`);
        process.exitCode = 2;
        return;
      }
      const { checkTree } = await import('./check-tree.ts');
      const tree = await checkTree(directory, options.store);
      for (const problem of tree.problems) process.stdout.write(`${printableText(problem)}\n`);
      for (const warning of tree.warnings) process.stdout.write(`warning: ${printableText(warning)}\n`);
      for (const line of tree.served) process.stdout.write(`served: ${printableText(line)}\n`);
      process.stderr.write(`${summarize(tree)}\n`);
      const isOdd = options.strict === true && tree.warnings.length > 0;
      if (tree.problems.length > 0 || tree.size === undefined || isOdd) process.exitCode = 1;
    });
}

function summarize({ catalog, problems, size, warnings }: CheckedTree): string {
  const odd = warnings.length === 0 ? '' : `, ${count(warnings.length, 'warning')}`;
  if (problems.length > 0) return `${count(problems.length, 'problem')}${odd}`;
  if (size === undefined) {
    return `there is no catalog in ${catalog}: no profile, group or machine below profiles/, groups/ and machines/`;
  }
  const { groups, machines, profiles } = size;
  return `no problems${odd}: ${count(profiles, 'profile')}, ${count(groups, 'group')}, ${count(machines, 'machine')}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
