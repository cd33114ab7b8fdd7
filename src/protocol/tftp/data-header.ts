import { Opcode } from './packet.ts';

/** The number that follows 65535: 0, as firmware and most servers have it, or 1, as a few clients do. */
export type BlockRollover = 0 | 1;

const HEADER_LENGTH = 4;
const NUMBERS = 0x1_0000;

let headers: Buffer | undefined;
const cut: Buffer[] = [];

/** The number on the wire of a block that is counted from 1 without end. Block 0, which answers an OACK, stays 0. */
export function wireBlock(block: number, rollover: BlockRollover): number {
  if (block < NUMBERS) return block;
  return rollover === 0 ? block % NUMBERS : ((block - 1) % (NUMBERS - 1)) + 1;
}

/**
 * The first four octets of the DATA packet with this number on the wire. They are the same for every file, so all
 * transfers share them and the octets of a file are sent from where they are, without a copy. Not to be written to.
 */
export function dataHeader(wireNumber: number): Buffer {
  const known = cut[wireNumber];
  if (known !== undefined) return known;
  headers ??= fill();
  const header = headers.subarray(wireNumber * HEADER_LENGTH, (wireNumber + 1) * HEADER_LENGTH);
  return (cut[wireNumber] = header);
}

function fill(): Buffer {
  const bytes = Buffer.allocUnsafeSlow(NUMBERS * HEADER_LENGTH);
  for (let number = 0; number < NUMBERS; number++) {
    bytes.writeUInt16BE(Opcode.data, number * HEADER_LENGTH);
    bytes.writeUInt16BE(number, number * HEADER_LENGTH + 2);
  }
  return bytes;
}
