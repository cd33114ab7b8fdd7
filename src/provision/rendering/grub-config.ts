import type { LocalBootMethod } from '../boot/local-boot.ts';
import { quoteGrubArguments, quoteGrubWord } from './grub-quoting.ts';
import type { RenderedBoot } from './ipxe-script.ts';

/**
 * The GRUB configuration that boots a profile, in the form Matchbox gives it: one entry for EFI and one for BIOS, the
 * first by default. GRUB asks for it as `configfile (http;server:port)/grub?uuid=&serial=&mac=`.
 */
export function profileGrubConfig(boot: RenderedBoot): string {
  const initrds = boot.initrd.map((initrd) => ` ${quoteGrubWord(initrd)}`).join('');
  const entry = (firmware: string, linux: string, initrd: string): string[] => [
    `menuentry "CoreOS (${firmware})" {`,
    'echo "Loading kernel"',
    [linux, quoteGrubWord(boot.kernel), ...boot.args.map(quoteGrubArguments)].join(' '),
    'echo "Loading initrd"',
    `${initrd} ${initrds}`,
    '}',
  ];
  return [
    'default=0',
    'fallback=1',
    'timeout=1',
    ...entry('EFI', 'linuxefi', 'initrdefi'),
    ...entry('BIOS', 'linux', 'initrd'),
    '',
  ].join('\n');
}

/** The variable that is set in GRUB while one of our scripts requests the configuration in a loop. */
export const GRUB_LOOP = 'railhead_loop';

/** Pause between two tries, in case the server does not answer. */
const PAUSE_SECONDS = 1;

/**
 * The configuration for a machine that has to wait: it shows why, and asks again. `configfile` runs the next configuration
 * inside the current one, and GRUB fails after some thirty levels. So only the first configuration loops; those that it
 * loads find the variable set, and return to the loop.
 */
export function waitingGrubConfig(why: readonly string[], pollSeconds: number): string {
  return [
    ...why.map((line) => `echo ${quoteGrubWord(line)}`),
    'echo "  mac $net_default_mac  address $net_default_ip"',
    `sleep ${pollSeconds}`,
    `if [ "$${GRUB_LOOP}" != "1" ]; then`,
    `  set ${GRUB_LOOP}=1`,
    `  export ${GRUB_LOOP}`,
    '  while true; do',
    '    configfile "$config_file"',
    `    sleep ${PAUSE_SECONDS}`,
    '  done',
    'fi',
    '',
  ].join('\n');
}

/**
 * Leaves network boot for the local disk. GRUB starts the disk itself: the first one on BIOS, and on UEFI the first
 * that has a boot loader at the place for removable media. If that fails, or the method is `exit`, GRUB ends, which some
 * firmware takes for success and does not go on.
 */
export function localGrubConfig(reason: string, method: LocalBootMethod): string {
  const start = method === 'exit' ? [] : START_DISK;
  const text = `${reason}: booting from the local disk (${method})`;
  return [`echo ${quoteGrubWord(text)}`, ...start, 'exit', ''].join('\n');
}

const START_DISK = [
  'insmod chain',
  'if [ "$grub_platform" = "efi" ]; then',
  '  insmod part_gpt',
  '  insmod part_msdos',
  '  insmod fat',
  '  insmod search_fs_file',
  '  for loader in /EFI/BOOT/BOOTX64.EFI /EFI/BOOT/BOOTAA64.EFI; do',
  '    if search --no-floppy --file --set=root "$loader"; then',
  '      if chainloader "$loader"; then boot; fi',
  '    fi',
  '  done',
  'else',
  '  set root=(hd0)',
  '  if chainloader +1; then boot; fi',
  'fi',
];

/** Ends network boot, after time to read why. */
export function failGrubConfig(reason: string): string {
  return [`echo ${quoteGrubWord(reason)}`, 'sleep 10', 'exit', ''].join('\n');
}
