import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';

/** A Raspberry Pi's serial number, or its card's address with dashes, as its boot loader puts it before every name. */
const PI_PREFIX = /^(?:[0-9a-f]{8}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5})\/(.+)$/i;
const PI_DEFAULT = 'rpi/default/';

/** A path to look for. */
export interface PathCandidate {
  readonly name: string;
  /** The folder of one client alone that it is in; most clients have none. */
  readonly folder?: string;
}

/** The paths to look for, best first, when a client asks for one. */
export function pathCandidates(path: string, client: Ipv4Address): readonly PathCandidate[] {
  const candidates: PathCandidate[] = [{ name: `${client}/${path}`, folder: client }, { name: path }];
  const rest = PI_PREFIX.exec(path)?.[1];
  if (rest !== undefined) candidates.push({ name: PI_DEFAULT + rest });
  return candidates;
}
