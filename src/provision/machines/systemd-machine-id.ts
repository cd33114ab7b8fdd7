import { createHash } from 'node:crypto';

/** Keeps these hashes apart from any other hash of the same text. Changing it changes the id of every machine. */
const NAMESPACE = 'railhead systemd.machine_id';

/**
 * A value for `systemd.machine_id=` that stays the same over all boots of a machine: 32 lower-case hexadecimal digits
 * in the form of a version 8 UUID (RFC 9562 section 5.8), so never all zero, which machine-id(5) forbids. It is a hash
 * of the machine's id, and therefore no secret.
 */
export function systemdMachineId(machineId: string): string {
  const digits = createHash('sha256').update(`${NAMESPACE}\0${machineId}`).digest('hex');
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${digits.slice(0, 12)}8${digits.slice(13, 16)}${variant}${digits.slice(17, 32)}`;
}
