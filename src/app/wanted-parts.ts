import type { Settings } from '../config/schema.ts';
import type { PassedSocket } from '../server/udp/socket-activation.ts';

/** A part of the program that listens, as messages name it. */
export type ListeningPart = 'HTTP' | 'TFTP' | 'DHCP' | 'the API';

/** The parts that the settings, and the sockets that systemd opened for DHCP, ask for, in the order of their start. */
export function wantedParts(
  { dhcp, operator, tftp }: Settings,
  passedSockets: readonly PassedSocket[],
): ReadonlySet<ListeningPart> {
  const wanted = new Set<ListeningPart>(['HTTP']);
  if (tftp.enabled) wanted.add('TFTP');
  if (dhcp.interfaces.length > 0 || passedSockets.length > 0) wanted.add('DHCP');
  if (operator.listen !== null) wanted.add('the API');
  return wanted;
}
