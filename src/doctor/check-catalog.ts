import { loadCatalog } from '../catalog/load-catalog.ts';
import { formatProblem } from '../documents/problem.ts';
import type { Finding } from './finding.ts';

const PROBLEMS_MAX = 10;

/** Checks that the files of the catalog can be loaded, as `railhead check` does in full. */
export async function checkCatalog(folder: string, now: () => Date): Promise<Finding[]> {
  const check = 'catalog';
  const { generation, machines, problems } = await loadCatalog(folder, now);
  if (generation === undefined || problems.length > 0) {
    return problems.slice(0, PROBLEMS_MAX).map((problem) => ({
      check,
      verdict: 'problem',
      text: `the catalog in ${folder} has a mistake: ${formatProblem(problem)}`,
      remedy: 'correct the file; `railhead check` lists all mistakes',
    }));
  }
  const { groups, profiles } = generation;
  const text = `the catalog in ${folder} has ${profiles.size} profiles, ${groups.length} groups and ${machines.length} machines`;
  if (profiles.size > 0) return [{ check, verdict: 'ok', text }];
  return [
    {
      check,
      verdict: 'warning',
      text,
      remedy: 'no machine can boot: write profiles/ and groups/, or check catalog.dir',
    },
  ];
}
