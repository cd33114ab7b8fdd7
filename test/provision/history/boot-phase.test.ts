import { describe, expect, it } from 'vitest';
import type { BootEventKind } from '../../../src/provision/history/boot-event.ts';
import { BOOT_EVENT_KINDS } from '../../../src/provision/history/boot-event.ts';
import {
  type BootPhase,
  hasReached,
  laterPhase,
  phaseOf,
} from '../../../src/provision/history/boot-phase.ts';

const at = new Date(0);
const PHASES: Readonly<Partial<Record<BootEventKind, BootPhase>>> = {
  'dhcp.offer': 'dhcp',
  'dhcp.ack': 'dhcp',
  'dhcp.nak': 'dhcp',
  'dhcp.decline': 'dhcp',
  'dhcp.ignored': 'dhcp',
  'proxydhcp.offer': 'dhcp',
  'proxydhcp.ack': 'dhcp',
  'tftp.sent': 'tftp',
  'tftp.failed': 'tftp',
  'http.boot_program': 'tftp',
  'http.boot_script': 'script',
  'ipxe.sent': 'script',
  'ipxe.waiting': 'script',
  'boot.local': 'script',
  'grub.sent': 'script',
  'http.asset': 'kernel',
  'http.asset_missing': 'kernel',
  'ignition.sent': 'ignition',
  'ignition.refused': 'ignition',
  'generic.sent': 'ignition',
  'metadata.sent': 'ignition',
  'machine.report': 'report',
};

describe('the phase of an event', () => {
  it.each(BOOT_EVENT_KINDS.map((kind) => ({ kind, phase: PHASES[kind] })))(
    '$kind: $phase',
    ({ kind, phase }) => {
      expect(phaseOf({ at, kind, summary: '', detail: {} }, 'script')).toBe(phase);
    },
  );

  it('is initrd for every file after the kernel', () => {
    for (const before of ['kernel', 'initrd'] as const) {
      expect(phaseOf({ at, kind: 'http.asset', summary: '', detail: {} }, before)).toBe('initrd');
    }
  });

  it('is none for a report that the state of the machine did not allow', () => {
    const detail = { status: 'installed', without_effect: 'it is retired' };
    expect(phaseOf({ at, kind: 'machine.report', summary: '', detail }, undefined)).toBeUndefined();
  });

  it('is install for a report of progress', () => {
    expect(
      phaseOf({ at, kind: 'machine.report', summary: '', detail: { status: 'progress' } }, undefined),
    ).toBe('install');
  });
});

it('phases are in the order of a boot', () => {
  expect(hasReached('initrd', 'kernel')).toBe(true);
  expect(hasReached('script', 'kernel')).toBe(false);
  expect(hasReached(undefined, 'dhcp')).toBe(false);
  expect(laterPhase('kernel', 'dhcp')).toBe('kernel');
  expect(laterPhase(undefined, 'dhcp')).toBe('dhcp');
});
