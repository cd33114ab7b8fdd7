import { describe, expect, test } from 'vitest';
import { encodeMessage } from '../../../../src/protocol/dhcp/encode.ts';
import { GOLDEN_PACKETS, goldenBytes } from '../../../protocol/dhcp/golden-packets.ts';
import { DhcpRig, hex, optionsOnWire, rackSubnet, replyOf, SERVER } from '../dhcp-rig.ts';

// The answers to captured packets of real firmware, byte for byte.

const UUID = '61 11 00 44332211 6655 8877 99aa bbccddeeff00';
const NO_UUID = '61 11 00 00000000000000000000000000000000';
const length = (text: string): string => text.length.toString(16).padStart(2, '0');
const text = (code: string, value: string): string => `${code}${length(value)}${hex(value)}`;
const compact = (spaced: string): string => spaced.replace(/ /g, '');

const SERVER_ID = '3604 0a140001';
const LEASE = '3304 00000258 3a04 0000012c 3b04 0000020d';
const NETWORK = '0104 ffffff00 0304 0a1400fe 0604 0a140002';
const PXE = '3c09 505845436c69656e74';
const HTTP = '3c0a 48545450436c69656e74';
const SERVER_NAME = text('42', '10.20.0.1');
const FILE = text('43', 'snponly.efi');
const SCRIPT = text('43', 'http://10.20.0.1:8080/boot.ipxe');
const HTTP_FILE = text('43', 'http://10.20.0.1:8080/boot/snponly.efi');
const IPXE_ID = '3d07 01525400aabb01';

describe('where we lease', () => {
  test.each<[name: string, packet: keyof typeof GOLDEN_PACKETS, options: string]>([
    [
      'OVMF PXE DISCOVER',
      'ovmfPxeDiscover',
      `350102 ${SERVER_ID} ${LEASE} ${NETWORK} ${PXE} ${UUID} 2b04 060108ff ${SERVER_NAME} ${FILE} ff`,
    ],
    [
      'OVMF PXE REQUEST',
      'ovmfPxeRequest',
      `350105 ${SERVER_ID} ${LEASE} ${NETWORK} ${PXE} ${UUID} 2b04 060108ff ${SERVER_NAME} ${FILE} ff`,
    ],
    [
      'OVMF HTTP DISCOVER',
      'ovmfHttpDiscover',
      `350102 ${SERVER_ID} ${LEASE} ${NETWORK} ${HTTP} ${NO_UUID} ${HTTP_FILE} ff`,
    ],
    [
      'iPXE EFI DISCOVER',
      'ipxeEfiDiscover',
      `350102 ${SERVER_ID} ${LEASE} ${NETWORK} ${PXE} ${UUID} ${IPXE_ID} af03 b00101 ${SERVER_NAME} ${SCRIPT} ff`,
    ],
    [
      'iPXE BIOS DISCOVER',
      'ipxeBiosDiscover',
      `350102 ${SERVER_ID} ${LEASE} ${NETWORK} ${PXE} ${UUID} ${IPXE_ID} af03 b00101 ${SERVER_NAME} ${SCRIPT} ff`,
    ],
  ])('%s', (_name, packet, options) => {
    const decision = new DhcpRig().sendBytes(goldenBytes(GOLDEN_PACKETS[packet]));
    expect(optionsOnWire(decision)).toBe(compact(options));
  });

  test('a whole DHCPOFFER to OVMF PXE', () => {
    const { message, limits } = replyOf(new DhcpRig().sendBytes(goldenBytes(GOLDEN_PACKETS.ovmfPxeDiscover)));
    const { bytes } = encodeMessage(message, limits);
    const header =
      '02010600 1a2b3c4d 0000 8000 00000000 0a140032 0a140001 00000000 525400aabb01 00000000000000000000' +
      hex('10.20.0.1').padEnd(128, '0') +
      hex('snponly.efi').padEnd(256, '0') +
      '63825363';
    const options = `350102 ${SERVER_ID} ${LEASE} ${NETWORK} ${PXE} ${UUID} 2b04 060108ff ${SERVER_NAME} ${FILE} ff`;
    const expected = compact(header + options);
    expect(bytes.length).toBeGreaterThanOrEqual(300);
    expect(Buffer.from(bytes).toString('hex')).toBe(expected.padEnd(600, '0'));
  });
});

describe('where another server leases', () => {
  const rig = (): DhcpRig => new DhcpRig({ subnets: [rackSubnet({ mode: 'proxy', pools: [] })] });

  test.each<[name: string, packet: keyof typeof GOLDEN_PACKETS, options: string]>([
    [
      'OVMF PXE DISCOVER, without option 43',
      'ovmfPxeDiscover',
      `350102 ${SERVER_ID} ${PXE} ${UUID} ${SERVER_NAME} ${FILE} ff`,
    ],
    ['OVMF HTTP DISCOVER', 'ovmfHttpDiscover', `350102 ${SERVER_ID} ${HTTP} ${NO_UUID} ${HTTP_FILE} ff`],
    [
      'iPXE EFI DISCOVER',
      'ipxeEfiDiscover',
      `350102 ${SERVER_ID} ${PXE} ${UUID} ${IPXE_ID} ${SERVER_NAME} ${SCRIPT} ff`,
    ],
    [
      'iPXE BIOS DISCOVER',
      'ipxeBiosDiscover',
      `350102 ${SERVER_ID} ${PXE} ${UUID} ${IPXE_ID} ${SERVER_NAME} ${SCRIPT} ff`,
    ],
  ])('%s', (_name, packet, options) => {
    const decision = rig().sendBytes(goldenBytes(GOLDEN_PACKETS[packet]));
    expect(optionsOnWire(decision)).toBe(compact(options));
    expect(replyOf(decision).message).toMatchObject({ yiaddr: '0.0.0.0', ciaddr: '0.0.0.0', siaddr: SERVER });
    expect(replyOf(decision).changes).toEqual([]);
  });

  test('OVMF REQUEST on port 4011', () => {
    const decision = rig().sendBytes(goldenBytes(GOLDEN_PACKETS.ovmf4011Request), {
      port: 4011,
      source: '10.20.0.50',
      sourcePort: 4011,
    });
    expect(optionsOnWire(decision)).toBe(
      compact(`350105 ${SERVER_ID} ${PXE} ${UUID} ${SERVER_NAME} ${FILE} ff`),
    );
    const { message, destination } = replyOf(decision);
    expect(message).toMatchObject({
      ciaddr: '10.20.0.50',
      yiaddr: '0.0.0.0',
      siaddr: SERVER,
      file: 'snponly.efi',
    });
    expect(destination).toMatchObject({
      address: '10.20.0.50',
      port: 4011,
      from: { port: 4011, localAddress: SERVER },
    });
  });

  test('the DHCPREQUEST of OVMF to the other server gets no answer', () => {
    const bytes = goldenBytes(GOLDEN_PACKETS.ovmfPxeRequest);
    bytes[240 + 3 + 2 + 3] = 9; // The last byte of option 54, changed to another server's.
    expect(rig().sendBytes(bytes)).toMatchObject({ kind: 'ignore', reason: 'other_server' });
  });
});
