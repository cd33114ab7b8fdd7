import { findClientArchitecture, type InstructionSet } from '../../protocol/dhcp/client-architecture.ts';

/**
 * Boot programs for firmware, the best first. `snponly` and `undionly` use the firmware's network driver, which works
 * where iPXE's own driver does not; the others are fallbacks.
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

/** The boot program for one kind of machine. */
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

const ARCHITECTURE_MAX = 0xffff;

/** Where names of boot programs come from. */
export interface BootProgramSources {
  /** Names of the programs that this host serves by TFTP and HTTP. */
  readonly found: ReadonlySet<string>;
  /** What settings name for an architecture (option 93). */
  readonly byArchitecture: ProgramsByArchitecture;
}

/** A boot program for each of some architectures, by the number of option 93. */
export type ProgramsByArchitecture = ReadonlyMap<number, string>;

/** Reads such a list as it is written: `{"7": ipxe.efi}`. What is wrong is reported with its key, and left out. */
export function readProgramsByArchitecture(
  names: Readonly<Record<string, string>>,
  report: (key: string, message: string) => void,
): Map<number, string> {
  const programs = new Map<number, string>();
  for (const [key, name] of Object.entries(names)) {
    const fault = bootProgramFault(name);
    if (!/^\d{1,5}$/.test(key) || Number(key) > ARCHITECTURE_MAX) {
      report(key, `"${key}" is not the number of an architecture (option 93), such as 7 for x64 UEFI`);
    } else if (fault !== undefined) report(key, fault);
    else programs.set(Number(key), name);
  }
  return programs;
}

/** The file that U-Boot's standard boot requests by DHCP. */
const U_BOOT_SCRIPT = 'boot.scr.uimg';

/**
 * The boot program for a client: what settings name for its architecture, else the best one that was found. Firmware
 * that sends no architecture is treated as x86 BIOS, where that was usual. `elsewhere`: the programs are on another
 * TFTP server, so that the usual name is used where none was found. U-Boot loads none of these and gets the name of its
 * script, whether or not that exists.
 */
export function chooseBootProgram(
  { arch, uBoot }: { readonly arch?: number; readonly uBoot: boolean },
  { byArchitecture, found }: BootProgramSources,
  elsewhere: boolean,
  closer: readonly (ProgramsByArchitecture | undefined)[] = [],
): string | undefined {
  const lists = [...closer, byArchitecture];
  const configured = arch === undefined ? undefined : lists.find((list) => list?.has(arch))?.get(arch);
  if (configured !== undefined) return configured;
  const row = arch === undefined && uBoot ? undefined : findClientArchitecture(arch ?? 0);
  if (uBoot || row?.firmware === 'u-boot') return U_BOOT_SCRIPT;
  if (row?.firmware !== 'bios' && row?.firmware !== 'uefi') return undefined;
  const candidates = CANDIDATES[row.instructionSet];
  return candidates?.find((name) => found.has(name)) ?? (elsewhere ? candidates?.[0] : undefined);
}

/** Longest name that the header field `file` takes, with the NUL that ends it. */
const NAME_SIZE_MAX = 127;

/** What is wrong with the name of a boot program; undefined if it can be asked for by TFTP and HTTP. */
export function bootProgramFault(name: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(name)) {
    return `"${name}" is a URL: give the name of the file alone, and the server that has it as next_server of the network`;
  }
  if (!/^[\x21-\x7e]+$/.test(name))
    return `"${name}" has characters that firmware cannot ask for: use ASCII without blanks`;
  if (name.length > NAME_SIZE_MAX)
    return `the name has ${name.length} characters, and firmware takes ${NAME_SIZE_MAX}`;
  return undefined;
}
