import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type { JsonObject } from '../json-value.ts';

/** What can happen on a machine's way from its first DHCP packet to its final report. */
export const BOOT_EVENT_KINDS = [
  'dhcp.offer',
  'dhcp.ack',
  'dhcp.nak',
  'dhcp.decline',
  'dhcp.release',
  'dhcp.ignored',
  'dhcp.foreign_server',
  'dhcp.reservation_held',
  'proxydhcp.offer',
  'proxydhcp.ack',
  'tftp.sent',
  'tftp.failed',
  'http.boot_script',
  'http.boot_program',
  'http.asset',
  'http.asset_missing',
  'ipxe.sent',
  'ipxe.waiting',
  'boot.local',
  'grub.sent',
  'ignition.sent',
  'ignition.refused',
  'generic.sent',
  'metadata.sent',
  'machine.discovered',
  'machine.conflict',
  'machine.report',
  'boot.loop_suspected',
  'boot.url_sent_to_pxe_rom',
  'boot.stuck',
  'boot.out_of_order',
  'boot.other_address',
  'access.refused',
] as const;

/** Kinds of events that HTTP requests cause. The request itself names the machine, which is not verified. */
export const CLAIMED_KINDS: ReadonlySet<BootEventKind> = new Set<BootEventKind>([
  ...([
    'http.boot_script',
    'http.boot_program',
    'http.asset',
    'ipxe.sent',
    'ipxe.waiting',
    'grub.sent',
  ] as const),
  ...(['boot.local', 'ignition.sent', 'ignition.refused', 'generic.sent', 'metadata.sent'] as const),
  ...(['machine.discovered', 'machine.report', 'access.refused'] as const),
]);

export type BootEventKind = (typeof BOOT_EVENT_KINDS)[number];

/**
 * One step of a boot session, as an operator reads it. Carries no secret: the code that records an event redacts its
 * details.
 */
export interface BootEvent {
  readonly at: Date;
  readonly kind: BootEventKind;
  /** Absent when the step could not be traced to a network card, for example a download through a proxy. */
  readonly mac?: MacAddress;
  /** The source address of the packet or request. */
  readonly address?: Ipv4Address;
  /** Id of the machine, if files or an inventory declare it. */
  readonly machineId?: string;
  /** One line for people: "TFTP undionly.kpxe, 71 kB in 0.4 s". */
  readonly summary: string;
  /** The same as structured fields, for programs. */
  readonly detail: JsonObject;
}

/** Whether it is a report that the state of the machine did not allow, so that it is no step of the boot. */
export function isWithoutEffect({ detail, kind }: BootEvent): boolean {
  return kind === 'machine.report' && detail['without_effect'] !== undefined;
}

/** Takes boot events. `record` never throws, never blocks, and drops the oldest when it cannot keep up. */
export interface BootEventSink {
  /** Returns false if the event was left out because there are too many. */
  record(event: BootEvent): boolean;
}

/** What became of an event that somebody waits for: it is durable, too many came, or the store could not keep it. */
export type KeepOutcome = 'kept' | 'left_out' | 'failed';

/** Takes boot events whose sender is told that they were noted. */
export interface BootEventKeeper {
  /** Resolves when it is known what became of the event. Never rejects. */
  keep(event: BootEvent): Promise<KeepOutcome>;
}
