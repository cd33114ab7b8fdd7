import path from 'node:path';
import { type CheckedCatalog, loadCatalog } from '../catalog/load-catalog.ts';
import { formatProblem } from '../documents/problem.ts';
import type { Finding } from './finding.ts';

const PROBLEMS_MAX = 10;

/** Checks that the files of the catalog can be loaded, and the kernels and initrds that its profiles name. */
export async function checkCatalog(
  folder: string,
  now: () => Date,
  assets: string = path.join(folder, 'assets'),
): Promise<Finding[]> {
  const catalog = await loadCatalog(folder, now, assets);
  return [...judgeCatalog(folder, catalog), ...judgeAssets(assets, catalog)];
}

function judgeCatalog(folder: string, { generation, machines, problems }: CheckedCatalog): Finding[] {
  const check = 'catalog';
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

function judgeAssets(folder: string, { assetCount, assetFaults }: CheckedCatalog): Finding[] {
  const check = 'assets';
  if (assetCount === 0) return [];
  if (assetFaults.length === 0) {
    return [
      { check, verdict: 'ok', text: `${countFiles(assetCount)} that profiles name can be read in ${folder}` },
    ];
  }
  const found: Finding[] = assetFaults.slice(0, PROBLEMS_MAX).map((fault) => ({
    check,
    verdict: 'problem',
    text: formatProblem(fault),
    remedy: `put the file into ${folder}, readable by the user that the server runs as, or correct the profile`,
  }));
  const rest = assetFaults.length - found.length;
  if (rest > 0) {
    const text = `${countFiles(rest)} more that profiles name cannot be loaded`;
    found.push({ check, verdict: 'problem', text, remedy: '`railhead check` lists all of them' });
  }
  return found;
}

function countFiles(count: number): string {
  return count === 1 ? '1 file' : `${count} files`;
}
