import { type Ipv4Address, ipv4FromNumber } from '../../protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../../protocol/mac-address.ts';
import { type MachineUuid, parseUuid } from '../../protocol/machine-uuid.ts';

/** The machine that is meant by the name of a GRUB configuration file. */
export type GrubConfigName =
  | { readonly kind: 'anybody' }
  | { readonly kind: 'mac'; readonly mac: MacAddress }
  | { readonly kind: 'uuid'; readonly uuid: MachineUuid }
  | { readonly kind: 'address'; readonly address: Ipv4Address };

/**
 * Reads a path by which a GRUB that was loaded over the network asks for its configuration, in any folder. Over TFTP:
 * `grub.cfg-UUID`, `grub.cfg-01-52-54-00-aa-00-10`, `grub.cfg-0A4D0014` and then shorter beginnings of it, at last
 * `grub.cfg` (GRUB 2.06, `grub_net_search_config_file`). Over HTTP: `grub.cfg` alone, since GRUB 2.06 searches only if
 * its prefix begins with `tftp` (`grub_cmd_normal`). Undefined for every other path, and for a shortened address, which
 * does not name one machine.
 */
export function parseGrubConfigName(path: string): GrubConfigName | undefined {
  const match = /(?:^|\/)grub\.cfg(?:-([0-9a-f-]{8,36}))?$/i.exec(path);
  if (match === null) return undefined;
  const [, whom] = match;
  if (whom === undefined) return { kind: 'anybody' };
  if (/^[0-9a-f]{8}$/i.test(whom)) return { kind: 'address', address: ipv4FromNumber(parseInt(whom, 16)) };
  // The first byte is the type of hardware, as DHCP numbers it: 1 is Ethernet.
  const mac = /^01(?:-[0-9a-f]{2}){6}$/i.test(whom) ? parseMac(whom.slice(3)) : undefined;
  if (mac !== undefined) return { kind: 'mac', mac };
  const uuid = whom.length === 36 ? parseUuid(whom) : undefined;
  return uuid && { kind: 'uuid', uuid };
}
