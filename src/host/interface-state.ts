import { readFileSync } from 'node:fs';

const IFF_UP = 0x1;

/** Why an interface cannot be served, worded to follow its name: `eth1 is down`. */
export function describeAbsence(name: string): string {
  const flags = readAttribute(name, 'flags');
  if (flags === undefined) return 'does not exist';
  return (Number(flags) & IFF_UP) === 0 ? 'is down' : 'has no IPv4 address';
}

/** Whether an interface that is up has no link: a cable is unplugged, or no port of a bridge has a link. */
export function lacksCarrier(name: string): boolean {
  return readAttribute(name, 'carrier') === '0';
}

/** A file of Documentation/ABI/testing/sysfs-class-net; undefined if there is no such interface, or it is down. */
function readAttribute(name: string, attribute: string): string | undefined {
  try {
    return readFileSync(`/sys/class/net/${name}/${attribute}`, 'latin1').trim();
  } catch {
    return undefined;
  }
}
