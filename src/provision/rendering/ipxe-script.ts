import type { LocalBootMethod } from '../boot/local-boot.ts';
import { TemplateError } from './template-error.ts';

/** What a boot script loads, rendered: no templates any more. */
export interface RenderedBoot {
  readonly kernel: string;
  readonly initrd: readonly string[];
  readonly args: readonly string[];
}

/**
 * The query parameters that iPXE sends about the machine, in this order. MAC and UUID come first and free text last:
 * builds of 2019 decode and re-encode the query, so that an `&` in a maker's name would begin a new parameter.
 */
const BOOT_QUERY = [
  'uuid=${uuid}',
  'mac=${netX/mac:hexhyp}',
  'domain=${domain}',
  'hostname=${hostname}',
  'arch=${buildarch:uristring}',
  'platform=${platform}',
  'ip=${netX/ip}',
  'serial=${serial:uristring}',
  'asset=${asset:uristring}',
  'product=${product:uristring}',
  'manufacturer=${manufacturer:uristring}',
].join('&');

/** Attempts before the script asks for a person, and the pause between them. */
const ATTEMPTS = 30;
const PAUSE_SECONDS = 5;

/** Starts the first disk, without a description of it for the system that runs next. */
const SANBOOT = 'sanboot --no-describe --drive 0x80';

/**
 * Goes on with the local disk: BIOS names the drive, UEFI returns to its boot order. To UEFI `exit 0` would mean that
 * something was booted, and EDK2 then opens its setup menu.
 */
const LOCAL_BOOT = `iseq \${platform} efi && exit 1 || ${SANBOOT} || exit 1`;

/** The setting in which a later script names the method of local boot. */
const LOCAL_BOOT_SETTING = 'local_boot';

/**
 * What the first script does when a later script has ended. iPXE returns only success or failure, so the later script
 * stores this in a setting, which all scripts share.
 */
type Next = 'wait' | 'local' | 'fail';

/**
 * The first script that every iPXE gets (`/boot.ipxe`): collects what iPXE knows of the machine and chains to `/ipxe`
 * with it, again and again while the server or the network is not ready. It is a loop and not a chain of scripts, so
 * that a machine can wait for days. `origin` is the server's own, as `http://10.0.0.2:8080`.
 */
export function bootIpxeScript(origin: string): string {
  return [
    '#!ipxe',
    'set attempt:int32 0',
    ':try',
    'set next retry',
    // iPXE passes every image it holds to the kernel as an initrd, including earlier scripts and partial downloads.
    'imgfree ||',
    // The error number must be saved in the same line: whatever fails next overwrites it.
    `chain ${origin}/ipxe?${BOOT_QUERY} || set failure:int32 \${errno} ||`,
    'iseq ${next} wait && set attempt:int32 0 ||',
    'iseq ${next} wait && goto try ||',
    'iseq ${next} local && goto local ||',
    'iseq ${next} fail && goto fail ||',
    'inc attempt',
    `iseq \${attempt} ${ATTEMPTS} && goto ask ||`,
    'echo Nothing booted (https://ipxe.org/${failure:hexraw}), attempt ${attempt}, trying again',
    `sleep ${PAUSE_SECONDS} ||`,
    'goto try',
    ':ask',
    'prompt --key s --timeout 30000 Nothing booted. Press s for a shell, anything else boots from disk || goto local',
    'shell',
    ':local',
    // What the server said; without it, what is usual.
    `iseq \${${LOCAL_BOOT_SETTING}} sanboot && ${SANBOOT} ||`,
    `isset \${${LOCAL_BOOT_SETTING}} && exit 1 ||`,
    LOCAL_BOOT,
    ':fail',
    'exit 1',
    '',
  ].join('\n');
}

/** The script that boots a profile, in the form Matchbox gives it, so that what parses Matchbox's parses this. */
export function profileIpxeScript(boot: RenderedBoot): string {
  return [
    '#!ipxe',
    ['kernel', boot.kernel, ...boot.args].join(' '),
    ...boot.initrd.map((initrd) => `initrd ${initrd}`),
    'boot',
    '',
  ].join('\n');
}

/**
 * The script for a machine that has to wait: it shows why and who it is, and asks again by itself. `pollSeconds` is the
 * pause.
 */
export function waitingIpxeScript(origin: string, why: readonly string[], pollSeconds: number): string {
  return endScript(origin, 'wait', [
    'echo',
    ...why.map((line) => `echo ${printable(line)}`),
    'echo   mac ${netX/mac}  uuid ${uuid}',
    'echo   serial ${serial}  product ${manufacturer} ${product}',
    `sleep ${pollSeconds} ||`,
  ]);
}

/** Leaves network boot: the next boot device is the local disk, by the method that works on this machine. */
export function localIpxeScript(origin: string, reason: string, method: LocalBootMethod): string {
  return endScript(origin, 'local', [
    `echo ${printable(reason)}: booting from the local disk (${method})`,
    `set ${LOCAL_BOOT_SETTING} ${method}`,
  ]);
}

/** The same as the very first script of an iPXE, which has no earlier script to hand back to. */
export function diskIpxeScript(reason: string): string {
  return ['#!ipxe', `echo ${printable(reason)}: booting from the local disk`, LOCAL_BOOT, ''].join('\n');
}

/** Ends network boot with an error that the firmware shows. */
export function failIpxeScript(origin: string, reason: string): string {
  return endScript(origin, 'fail', [`echo ${printable(reason)}`, 'sleep 10 ||']);
}

/** Hands back to the first script; an iPXE that came here without it begins there. */
function endScript(origin: string, next: Next, lines: readonly string[]): string {
  const start = `isset \${attempt} || chain ${origin}/boot.ipxe || exit 1`;
  return ['#!ipxe', start, ...lines, `set next ${next}`, 'exit 0', ''].join('\n');
}

/**
 * Refuses text that iPXE would read as further commands: line breaks and command operators. `${...}` is allowed, since
 * the operator wrote the template; `template` names it in the error.
 */
export function checkBootLine(template: string, field: string, text: string): string {
  const trimmed = text.trim();
  if (/[\u0000-\u001f\u007f]/.test(trimmed)) {
    throw new TemplateError(template, `${field} renders to more than one line, or to control characters`);
  }
  if (/(^|\s)(\|\||&&|;)(\s|$)/.test(trimmed) || /(^|\s)#/.test(trimmed) || trimmed.endsWith('\\')) {
    throw new TemplateError(
      template,
      `${field} renders to what iPXE takes for another command: no ||, && or ; between blanks, no # that begins a word, and no backslash at the end`,
    );
  }
  return trimmed;
}

/** Text for `echo`: nothing that iPXE would expand or run. */
function printable(text: string): string {
  return text
    .replace(/[^A-Za-z0-9 .,:;_/=()-]/g, '')
    .replace(/[;\\]/g, '')
    .slice(0, 400);
}
