import { z } from 'zod';

/** `boot_programs`: what firmware is given first. */
export const bootPrograms = z
  .strictObject({
    dirs: z
      .array(z.string())
      .prefault(['/usr/lib/ipxe', '/boot', '/usr/lib/ipxe/qemu'])
      .describe(
        'Where to look for boot programs such as `undionly.kpxe` and `snponly.efi`, in this order. `assets/boot` comes first.',
      ),
    require_own_ipxe: z
      .boolean()
      .prefault(false)
      .describe(
        'Whether every iPXE first loads the boot program of its architecture, unless its user class begins with `railhead/`, as that of your own build must.',
      ),
  })
  .prefault({});
