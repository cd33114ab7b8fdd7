import { GRUB_LOOP } from './grub-config.ts';

/** Pause between two tries, while the server or the network is not ready. */
const PAUSE_SECONDS = 5;

/**
 * The first GRUB configuration, which corresponds to `/boot.ipxe` for iPXE: it collects what is known of the machine
 * and loads `/grub`, repeatedly until something boots. `origin` is the server's own, as `http://10.0.0.2:8080`; GRUB
 * has no https.
 */
export function leadingGrubConfig(origin: string): string {
  return [
    grubRoot(origin),
    // GRUB does not encode values in the URL, and a blank would end it.
    'set railhead_query="mac=$net_default_mac&ip=$net_default_ip&arch=$grub_cpu&platform=$grub_platform"',
    'if smbios --type 1 --get-uuid 8 --set railhead_uuid; then',
    '  set railhead_query="uuid=$railhead_uuid&$railhead_query"',
    'fi',
    'if smbios --type 1 --get-string 7 --set railhead_serial; then',
    `  if regexp '^[A-Za-z0-9._-]+$' "$railhead_serial"; then`,
    '    set railhead_query="$railhead_query&serial=$railhead_serial"',
    '  fi',
    'fi',
    `set ${GRUB_LOOP}=1`,
    `export ${GRUB_LOOP}`,
    'while true; do',
    `  configfile "(${grubDevice(origin)})/grub?$railhead_query"`,
    `  echo "Nothing booted, trying again in ${PAUSE_SECONDS} seconds"`,
    `  sleep ${PAUSE_SECONDS}`,
    'done',
    '',
  ].join('\n');
}

/**
 * The command that has GRUB look for `/assets/...` on this server, wherever GRUB itself was loaded from. A module that
 * is in the program already is left alone.
 */
export function grubRoot(origin: string): string {
  return `insmod http\nset root=${grubDevice(origin)}`;
}

/** The server as GRUB names it: `http,10.0.0.2:8080`. */
function grubDevice(origin: string): string {
  return `http,${new URL(origin).host}`;
}
