/**
 * Packets that real firmware sent in a lab (OVMF edk2-stable202211; iPXE ROMs of QEMU 7.2). Only header fields that
 * differ from zero are listed; the options are as captured.
 */

interface GoldenPacket {
  readonly name: string;
  readonly flags?: string;
  readonly secs?: string;
  readonly ciaddr?: string;
  /** Number of captured bytes of UDP payload. */
  readonly size: number;
  readonly options: string;
}

export const XID = '1a2b3c4d';
export const CHADDR = '52:54:00:aa:bb:01';

const PRL_OVMF = '37 23 0102030405060c0d0f111216171c28292a2b3233363a3b3c4243618081828384858687';
const PRL_OVMF_HTTP = '37 1b 0102030405060c0d0f111216171c28292a2b3233363a3b3ceb4361';
const PRL_IPXE = '37 17 010306070c0f111a2b3c4243778081828384858687afcb';
const UUID = '61 11 00 44332211 6655 8877 99aa bbccddeeff00';
const NO_UUID = '61 11 00 00000000000000000000000000000000';

const ipxeFeaturesEfi = 'b105011af41000 eb03010000 170101 240101 130101 110101 270101 290101 150101 120101';
const ipxeFeaturesBios =
  'b105011af41000 eb03010000 170101 220101 130101 110101 270101 190101 290101 100102 210101 150101 180101 120101';

export const GOLDEN_PACKETS = {
  ovmfPxeDiscover: {
    name: 'OVMF PXE DISCOVER',
    flags: '8000',
    size: 347,
    options:
      `350101 390205c0 ${PRL_OVMF} ${UUID} 5e03010301 5d020007 ` +
      '3c20 505845436c69656e743a417263683a30303030373a554e44493a303033303031 ff',
  },
  ovmfPxeRequest: {
    name: 'OVMF PXE REQUEST',
    flags: '8000',
    size: 359,
    options:
      `350103 36040a140001 32040a140032 3902ff00 ${PRL_OVMF} ${UUID} 5e03010301 5d020007 ` +
      '3c20 505845436c69656e743a417263683a30303030373a554e44493a303033303031 ff',
  },
  ovmf4011Request: {
    name: 'OVMF 4011 REQUEST',
    ciaddr: '0a140032',
    size: 347,
    options:
      `350103 ${PRL_OVMF} 390205c0 3c20 505845436c69656e743a417263683a30303030373a554e44493a303033303030 ` +
      `5d020007 5e03010300 ${UUID} ff`,
  },
  ovmfHttpDiscover: {
    name: 'OVMF HTTP DISCOVER',
    flags: '8000',
    size: 340,
    options:
      `350101 390205c0 ${PRL_OVMF_HTTP} ${NO_UUID} 5e03010300 5d020010 ` +
      '3c21 48545450436c69656e743a417263683a30303031363a554e44493a303033303030 ff',
  },
  ipxeEfiDiscover: {
    name: 'iPXE EFI DISCOVER',
    secs: '0004',
    size: 388,
    options:
      '350101 390205c0 5d020007 5e0301030a ' +
      '3c20 505845436c69656e743a417263683a30303030373a554e44493a303033303130 ' +
      `4d0469505845 ${PRL_IPXE} af24 ${ipxeFeaturesEfi} 3d0701525400aabb01 ${UUID} ff`,
  },
  ipxeBiosDiscover: {
    name: 'iPXE BIOS DISCOVER',
    size: 400,
    options:
      '350101 390205c0 5d020000 5e03010201 ' +
      '3c20 505845436c69656e743a417263683a30303030303a554e44493a303032303031 ' +
      `4d0469505845 ${PRL_IPXE} af30 ${ipxeFeaturesBios} 3d0701525400aabb01 ${UUID} ff`,
  },
} as const satisfies Record<string, GoldenPacket>;

/** The bytes of a packet, with `XID` and `CHADDR` in its header. */
export function goldenBytes(packet: GoldenPacket): Uint8Array {
  const header = [
    `01010600 ${XID} ${packet.secs ?? '0000'} ${packet.flags ?? '0000'}`,
    `${packet.ciaddr ?? '00000000'} 00000000 00000000 00000000`,
    CHADDR.replaceAll(':', ''),
    '00'.repeat(202),
    '63825363',
  ].join('');
  return hexBytes(header + packet.options);
}

/** Bytes from hex with spaces. */
export function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}
