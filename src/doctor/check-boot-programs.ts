import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Finding } from './finding.ts';

/** The first bytes of the two kinds of program: an EFI image (PE/COFF), and anything else for a BIOS. */
const EFI_MAGIC = 'MZ';
const PROGRAMS = /\.(efi|kpxe|pxe|0)$/;

/** Checks that the folder of boot programs can be read, and that its files are programs. */
export async function checkBootPrograms(folder: string): Promise<Finding[]> {
  const check = 'boot-programs';
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => PROGRAMS.test(name)).sort();
  } catch (error) {
    const text = `the boot programs in ${folder} cannot be read: ${describe(error)}`;
    return [
      { check, verdict: 'problem', text, remedy: 'check that the folder exists and this user may read it' },
    ];
  }
  if (names.length === 0) {
    const text = `there is no boot program in ${folder}`;
    const remedy = 'put snponly.efi (UEFI) and undionly.kpxe (BIOS) of iPXE there';
    return [{ check, verdict: 'problem', text, remedy }];
  }
  const found: Finding[] = [];
  for (const name of names) {
    const fault = await findFault(path.join(folder, name), name.endsWith('.efi'));
    if (fault === undefined) found.push({ check, verdict: 'ok', text: `${name} is there` });
    else found.push({ check, verdict: 'problem', text: `${name} ${fault}`, remedy: 'replace the file' });
  }
  return found;
}

async function findFault(file: string, efi: boolean): Promise<string | undefined> {
  try {
    const handle = await open(file);
    try {
      const start = Buffer.alloc(2);
      const { bytesRead } = await handle.read(start, 0, 2, 0);
      if (bytesRead < 2) return 'is empty';
      if (efi && start.toString('latin1') !== EFI_MAGIC) return 'is not an EFI program';
      if (!efi && start.toString('latin1') === EFI_MAGIC) return 'is an EFI program, which a BIOS cannot run';
      return undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    return `cannot be read: ${describe(error)}`;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
