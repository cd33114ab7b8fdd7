import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';

/** A Raspberry Pi's serial number, or its MAC address with dashes, which its boot loader puts before every name. */
const PI_PREFIX = /^(?:[0-9a-f]{8}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5})\/(.+)$/i;
const PI_DEFAULT = 'rpi/default/';

/** A path to look for. */
export interface PathCandidate {
  readonly name: string;
  /** The client's own folder in this path; most clients have none. */
  readonly folder?: string;
}

/** The paths to look for when a client requests one, in order of preference. */
export function pathCandidates(path: string, client: Ipv4Address): readonly PathCandidate[] {
  const candidates: PathCandidate[] = [{ name: `${client}/${path}`, folder: client }, { name: path }];
  const rest = PI_PREFIX.exec(path)?.[1];
  if (rest !== undefined) candidates.push({ name: PI_DEFAULT + rest });
  return candidates;
}
