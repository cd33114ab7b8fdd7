import { z } from 'zod';
import {
  type ProgramsByArchitecture,
  readProgramsByArchitecture,
} from '../../provision/boot/boot-programs.ts';
import { filePath } from './values.ts';

/** A boot program for each architecture, by the number of option 93. */
export const byArchitecture = z
  .record(z.string(), z.string())
  .transform((names, context): ProgramsByArchitecture =>
    readProgramsByArchitecture(names, (key, message) =>
      context.addIssue({ code: 'custom', path: [key], message }),
    ),
  );

/** `boot_programs`: the programs that firmware loads first. */
export const bootPrograms = z
  .strictObject({
    dirs: z
      .array(filePath)
      .prefault(['/usr/lib/ipxe', '/boot', '/usr/lib/ipxe/qemu'])
      .describe(
        'Where to look for boot programs such as `undionly.kpxe` and `snponly.efi`, in this order. `assets/boot` comes first.',
      ),
    by_arch: byArchitecture
      .prefault({})
      .describe(
        'The boot program for an architecture, by its number in option 93, instead of the usual one: 7 is x64 UEFI, 11 ARM64 UEFI, 22 U-Boot on ARM64.',
      )
      .meta({ example: '{"7": ipxe.efi, "22": boot.scr.uimg}' }),
    require_own_ipxe: z
      .boolean()
      .prefault(false)
      .describe(
        'Whether every iPXE first loads the boot program of its architecture, unless its user class begins with `railhead/`. An iPXE of your own must be built with such a user class.',
      ),
  })
  .prefault({});
