import { type BootEvent, isWithoutEffect } from './boot-event.ts';

/** The steps of a boot, in their order. */
export const BOOT_PHASES = [
  'dhcp',
  'tftp',
  'script',
  'kernel',
  'initrd',
  'ignition',
  'install',
  'report',
] as const;
export type BootPhase = (typeof BOOT_PHASES)[number];

const RANK: Readonly<Record<BootPhase, number>> = {
  dhcp: 0,
  tftp: 1,
  script: 2,
  kernel: 3,
  initrd: 4,
  ignition: 5,
  install: 6,
  report: 7,
};

/** Whether the machine has got at least as far as this. */
export function hasReached(phase: BootPhase | undefined, wanted: BootPhase): boolean {
  return phase !== undefined && RANK[phase] >= RANK[wanted];
}

/** The later of two phases. */
export function laterPhase(a: BootPhase | undefined, b: BootPhase): BootPhase {
  return a !== undefined && RANK[a] > RANK[b] ? a : b;
}

/**
 * The phase that an event shows; undefined for one that is no step, as a conflict. `before` is the latest phase so far:
 * the first file after the script is the kernel, and those that follow are its initrds.
 */
export function phaseOf(event: BootEvent, before: BootPhase | undefined): BootPhase | undefined {
  const { detail, kind } = event;
  switch (kind) {
    case 'dhcp.offer':
    case 'dhcp.ack':
    case 'dhcp.nak':
    case 'dhcp.decline':
    case 'dhcp.ignored':
    case 'proxydhcp.offer':
    case 'proxydhcp.ack':
      return 'dhcp';
    case 'tftp.sent':
    case 'tftp.failed':
    case 'http.boot_program':
      return 'tftp';
    case 'http.boot_script':
    case 'ipxe.sent':
    case 'ipxe.waiting':
    case 'boot.local':
    case 'grub.sent':
      return 'script';
    case 'http.asset':
    case 'http.asset_missing':
      return hasReached(before, 'kernel') ? 'initrd' : 'kernel';
    case 'ignition.sent':
    case 'ignition.refused':
    case 'generic.sent':
    case 'metadata.sent':
      return 'ignition';
    case 'machine.report':
      if (isWithoutEffect(event)) return undefined;
      return detail['status'] === 'progress' ? 'install' : 'report';
    default:
      return undefined;
  }
}
