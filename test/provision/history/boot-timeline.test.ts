import { describe, expect, test } from 'vitest';
import type { BootEvent, BootEventKind } from '../../../src/provision/history/boot-event.ts';
import { diagnoseBoot } from '../../../src/provision/history/boot-timeline.ts';
import type { JsonObject } from '../../../src/provision/json-value.ts';

type Step = [seconds: number, kind: BootEventKind, detail?: JsonObject, summary?: string];

const timeline = (steps: readonly Step[]): BootEvent[] =>
  steps.map(([seconds, kind, detail = {}, summary = kind]) => ({
    at: new Date(seconds * 1000),
    kind,
    summary,
    detail,
  }));

const firmware = { client: 'UEFI x86-64', stage: 'firmware' };

describe('the state of a boot', () => {
  test.each<[name: string, steps: Step[], nowSeconds: number, verdict: string, says: RegExp]>([
    ['no event', [], 0, 'stuck', /set to network boot/],
    [
      'a report that the state of the machine did not allow',
      [
        [0, 'ipxe.waiting', {}, 'machine node1 is held'],
        [1, 'machine.report', { status: 'installed', without_effect: 'it is held' }],
      ],
      10,
      'refused',
      /machine node1 is held/,
    ],
    [
      'UEFI never asks port 4011',
      [[0, 'proxydhcp.offer', { ...firmware, option43: false }]],
      10,
      'stuck',
      /no request on port 4011 within 10 s.*firewall on UDP 4011, or old firmware.*discovery8.*mode: full/,
    ],
    [
      'UEFI may still ask port 4011',
      [[0, 'proxydhcp.offer', { ...firmware, option43: false }]],
      9,
      'moving',
      /offer/,
    ],
    [
      'UEFI asked port 4011, and then sent nothing',
      [
        [0, 'proxydhcp.offer', { ...firmware, option43: false }],
        [4, 'proxydhcp.ack', { ...firmware, bootfile: 'snponly.efi' }],
      ],
      40,
      'stuck',
      /no TFTP request for snponly.efi within 30 s.*UDP 69/,
    ],
    [
      'BIOS beside a server that leases no address',
      [[0, 'proxydhcp.offer', { ...firmware, option43: true }]],
      20,
      'stuck',
      /no TFTP request within 15 s.*lease no address/,
    ],
    [
      'offers that are not accepted',
      [
        [0, 'dhcp.offer', firmware],
        [4, 'dhcp.offer', firmware],
        [12, 'dhcp.offer', firmware],
      ],
      30,
      'stuck',
      /no DHCPREQUEST after 3 offers within 10 s.*snooping/,
    ],
    [
      'the offer of another server is accepted',
      [
        [0, 'dhcp.offer', firmware],
        [1, 'dhcp.foreign_server', { server: '10.0.0.9' }],
      ],
      30,
      'stuck',
      /taken the offer of 10\.0\.0\.9/,
    ],
    [
      'leased, and TFTP is blocked',
      [[0, 'dhcp.ack', { ...firmware, bootfile: 'undionly.kpxe' }]],
      60,
      'stuck',
      /UDP 69/,
    ],
    [
      'iPXE cannot reach the script',
      [[0, 'dhcp.ack', { client: 'iPXE', stage: 'ipxe', bootfile: 'http://10.0.0.1/boot.ipxe' }]],
      60,
      'stuck',
      /no request for http:.*HTTP port/,
    ],
    [
      'a program was loaded and sent no request',
      [
        [0, 'dhcp.ack', { ...firmware, bootfile: 'ipxe.efi' }],
        [1, 'tftp.sent', {}, 'TFTP ipxe.efi'],
      ],
      100,
      'stuck',
      /TFTP ipxe\.efi; no DHCP by the loaded program within 60 s.*Secure Boot.*snponly/,
    ],
    ['a file that is not there', [[0, 'tftp.failed']], 1, 'refused', /add it to the boot programs/],
    ['a script, and no kernel', [[0, 'ipxe.sent']], 90, 'stuck', /no download of a kernel/],
    [
      'a kernel, and no initrd',
      [
        [0, 'http.asset'],
        [1, 'http.asset_missing', {}, '/assets/initrd.gz is not there'],
      ],
      2,
      'refused',
      /initrd\.gz is not there.*under assets/,
    ],
    ['a kernel, and no Ignition', [[0, 'http.asset']], 301, 'stuck', /no request for an Ignition config/],
    ['a kernel that still boots', [[0, 'http.asset']], 200, 'moving', /http\.asset/],
    ['a complete boot with Ignition', [[0, 'ignition.sent']], 900, 'done', /ignition\.sent/],
    ['Ignition, refused', [[0, 'ignition.refused']], 1, 'refused', /arm or approve/],
    ['no group', [[0, 'ipxe.waiting']], 1, 'refused', /railhead explain/],
    [
      'unknown, and only known ones are served',
      [[0, 'dhcp.ignored', { reason: 'denied' }]],
      1,
      'refused',
      /declare the machine/,
    ],
    [
      'no address left',
      [[0, 'dhcp.ignored', { reason: 'pool_exhausted' }]],
      1,
      'refused',
      /enlarge the pool/,
    ],
    [
      'addresses declined one after the other',
      [[0, 'dhcp.ignored', { reason: 'decline_flood' }]],
      1,
      'refused',
      /find the host that answers/,
    ],
    [
      'nothing to boot',
      [[0, 'dhcp.ignored', { reason: 'no boot program' }]],
      1,
      'refused',
      /which group selects/,
    ],
    [
      'an address, and nothing to boot',
      [[0, 'dhcp.ack', { ...firmware, noBoot: 'disabled' }]],
      1,
      'refused',
      /which group selects/,
    ],
    ['an address that is in use', [[0, 'dhcp.decline']], 1, 'refused', /in use by another host/],
    ['refused, and no further event', [[0, 'dhcp.nak']], 60, 'stuck', /restart it/],
    ['an installed system got its address', [[0, 'dhcp.ack', {}]], 900, 'done', /dhcp\.ack/],
    [
      'a boot loop',
      [
        [0, 'dhcp.ack', { ...firmware, bootfile: 'ipxe.efi' }],
        [0, 'boot.loop_suspected', {}, 'ipxe.efi was loaded 5 times'],
      ],
      1,
      'stuck',
      /5 times.*options 77 and 175/,
    ],
    [
      'a boot loop that ended',
      [
        [0, 'boot.loop_suspected'],
        [5, 'ignition.sent'],
      ],
      9,
      'done',
      /ignition\.sent/,
    ],
  ])('%s', (_, steps, nowSeconds, verdict, says) => {
    const diagnosis = diagnoseBoot(timeline(steps), new Date(nowSeconds * 1000));
    expect(diagnosis.verdict).toBe(verdict);
    expect(`${diagnosis.text}. ${diagnosis.advice ?? ''}`).toMatch(says);
  });
});
