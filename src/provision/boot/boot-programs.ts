import { findClientArchitecture, type InstructionSet } from '../../protocol/dhcp/client-architecture.ts';

/**
 * Boot programs for firmware, the best first. `snponly` and `undionly` drive the card by the firmware's own driver,
 * which works where iPXE's driver for the card does not; the others are what to fall back to.
 */
const CANDIDATES: Readonly<Partial<Record<InstructionSet, readonly string[]>>> = {
  'x86-bios': ['undionly.kpxe', 'undionly.kkpxe', 'ipxe.pxe'],
  'x86-64': ['snponly.efi', 'ipxe.efi', 'snponly-x86_64.efi', 'ipxe-x86_64.efi', 'grubx64.efi'],
  ia32: ['snponly-i386.efi', 'ipxe-i386.efi', 'grubia32.efi'],
  arm32: ['snponly-arm32.efi', 'ipxe-arm32.efi', 'grubarm.efi'],
  arm64: ['snponly-arm64.efi', 'ipxe-arm64.efi', 'grubaa64.efi'],
  riscv64: ['snponly-riscv64.efi', 'ipxe-riscv64.efi'],
  loongarch64: ['snponly-loong64.efi', 'ipxe-loong64.efi'],
};

/** What there is to boot machines of one kind with. */
export interface ArchitectureSupport {
  readonly instructionSet: InstructionSet;
  /** Name of the program; absent when none of the candidates was found. */
  readonly program?: string;
  readonly candidates: readonly string[];
}

/** The kinds of machine that can be booted with the programs that were found, and those that cannot. */
export function supportedArchitectures(found: ReadonlySet<string>): ArchitectureSupport[] {
  return Object.entries(CANDIDATES).map(([instructionSet, candidates]) => {
    const program = candidates.find((name) => found.has(name));
    return {
      instructionSet: instructionSet as InstructionSet,
      candidates,
      ...(program !== undefined && { program }),
    };
  });
}

/**
 * The boot program for firmware of an architecture (option 93), of those that were found; undefined when there is
 * none. Firmware that does not say is taken for x86 BIOS, which is what had no need to.
 */
export function bootProgramFor(
  architecture: number | undefined,
  found: ReadonlySet<string>,
): string | undefined {
  const row = findClientArchitecture(architecture ?? 0);
  // What runs neither BIOS nor UEFI, U-Boot for one, cannot load any of these; its machines name a program themselves.
  if (row?.firmware !== 'bios' && row?.firmware !== 'uefi') return undefined;
  return CANDIDATES[row.instructionSet]?.find((name) => found.has(name));
}
