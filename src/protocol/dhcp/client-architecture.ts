/** Kinds of machine by what their firmware runs. */
export type InstructionSet =
  | 'x86-bios'
  | 'pc98'
  | 'itanium'
  | 'alpha'
  | 'arc'
  | 'ia32'
  | 'x86-64'
  | 'arm32'
  | 'arm64'
  | 'powerpc'
  | 'riscv32'
  | 'riscv64'
  | 'riscv128'
  | 's390'
  | 'mips32'
  | 'mips64'
  | 'sunway32'
  | 'sunway64'
  | 'loongarch32'
  | 'loongarch64';

/** One row of IANA's registry of processor architecture types. */
export interface ClientArchitecture {
  readonly code: number;
  readonly name: string;
  readonly instructionSet: InstructionSet;
  readonly firmware: 'bios' | 'uefi' | 'u-boot' | 'other';
  /**
   * Whether the code stands for boot from HTTP. What a client asks for is determined by its vendor class, not by this.
   */
  readonly http: boolean;
}

type Row = readonly [
  code: number,
  name: string,
  set: InstructionSet,
  firmware: ClientArchitecture['firmware'],
  http?: 'http',
];

// IANA, "Processor Architecture Types" (RFC 5970 section 5). RFC 4578 lists 7 and 9 the other way round; firmware, edk2
// and the registry say that 7 is x64, and real x64 firmware sends either.
const ROWS: readonly Row[] = [
  [0, 'x86 BIOS', 'x86-bios', 'bios'],
  [1, 'NEC/PC98', 'pc98', 'bios'],
  [2, 'Itanium', 'itanium', 'uefi'],
  [3, 'DEC Alpha', 'alpha', 'other'],
  [4, 'Arc x86', 'arc', 'other'],
  [5, 'Intel Lean Client', 'ia32', 'other'],
  [6, 'x86 UEFI', 'ia32', 'uefi'],
  [7, 'x64 UEFI', 'x86-64', 'uefi'],
  [8, 'EFI Xscale', 'arm32', 'other'],
  [9, 'EBC', 'x86-64', 'uefi'],
  [10, 'ARM 32-bit UEFI', 'arm32', 'uefi'],
  [11, 'ARM 64-bit UEFI', 'arm64', 'uefi'],
  [12, 'PowerPC Open Firmware', 'powerpc', 'other'],
  [13, 'PowerPC ePAPR', 'powerpc', 'other'],
  [14, 'POWER OPAL v3', 'powerpc', 'other'],
  [15, 'x86 UEFI boot from HTTP', 'ia32', 'uefi', 'http'],
  [16, 'x64 UEFI boot from HTTP', 'x86-64', 'uefi', 'http'],
  [17, 'EBC boot from HTTP', 'x86-64', 'uefi', 'http'],
  [18, 'ARM UEFI 32 boot from HTTP', 'arm32', 'uefi', 'http'],
  [19, 'ARM UEFI 64 boot from HTTP', 'arm64', 'uefi', 'http'],
  [20, 'pc/at bios boot from HTTP', 'x86-bios', 'bios', 'http'],
  [21, 'ARM 32 U-Boot', 'arm32', 'u-boot'],
  [22, 'ARM 64 U-Boot', 'arm64', 'u-boot'],
  [23, 'ARM U-Boot 32 boot from HTTP', 'arm32', 'u-boot', 'http'],
  [24, 'ARM U-Boot 64 boot from HTTP', 'arm64', 'u-boot', 'http'],
  [25, 'RISC-V 32-bit UEFI', 'riscv32', 'uefi'],
  [26, 'RISC-V 32-bit UEFI boot from HTTP', 'riscv32', 'uefi', 'http'],
  [27, 'RISC-V 64-bit UEFI', 'riscv64', 'uefi'],
  [28, 'RISC-V 64-bit UEFI boot from HTTP', 'riscv64', 'uefi', 'http'],
  [29, 'RISC-V 128-bit UEFI', 'riscv128', 'uefi'],
  [30, 'RISC-V 128-bit UEFI boot from HTTP', 'riscv128', 'uefi', 'http'],
  [31, 's390 Basic', 's390', 'other'],
  [32, 's390 Extended', 's390', 'other'],
  [33, 'MIPS 32-bit UEFI', 'mips32', 'uefi'],
  [34, 'MIPS 64-bit UEFI', 'mips64', 'uefi'],
  [35, 'Sunway 32-bit UEFI', 'sunway32', 'uefi'],
  [36, 'Sunway 64-bit UEFI', 'sunway64', 'uefi'],
  [37, 'LoongArch 32-bit UEFI', 'loongarch32', 'uefi'],
  [38, 'LoongArch 32-bit UEFI boot from HTTP', 'loongarch32', 'uefi', 'http'],
  [39, 'LoongArch 64-bit UEFI', 'loongarch64', 'uefi'],
  [40, 'LoongArch 64-bit UEFI boot from HTTP', 'loongarch64', 'uefi', 'http'],
  [41, 'arm rpiboot', 'arm64', 'other'],
];

const BY_CODE: readonly (ClientArchitecture | undefined)[] = ROWS.map(
  ([code, name, instructionSet, firmware, http]) => ({
    code,
    name,
    instructionSet,
    firmware,
    http: http !== undefined,
  }),
);

/** The registry's row of an architecture code; undefined for a code that IANA has not assigned. */
export function findClientArchitecture(code: number): ClientArchitecture | undefined {
  return BY_CODE[code];
}

/**
 * The first known code in the list of option 93; the first code if none is known; undefined for a value that is not a
 * list of two-byte numbers (RFC 4578 section 2.1).
 */
export function readClientArchitecture(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0 || bytes.length % 2 !== 0) return undefined;
  for (let offset = 0; offset < bytes.length; offset += 2) {
    const code = (bytes[offset] ?? 0) * 256 + (bytes[offset + 1] ?? 0);
    if (findClientArchitecture(code) !== undefined) return code;
  }
  return (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
}

/** The architecture that a vendor class names, `PXEClient:Arch:00007:UNDI:003016`; undefined if it names none. */
export function readVendorClassArchitecture(vendorClass: string): number | undefined {
  const match = /Arch:([0-9]{5})/.exec(vendorClass);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
