import { Opcode } from './packet.ts';

/** The block number that follows 65535: 0, as in firmware and most servers, or 1, as in a few clients. */
export type BlockRollover = 0 | 1;

const NUMBERS = 0x1_0000;

/**
 * The block number on the wire, for a block that is counted from 1 without limit. Block 0, which acknowledges an OACK,
 * stays 0.
 */
export function wireBlock(block: number, rollover: BlockRollover): number {
  if (block < NUMBERS) return block;
  return rollover === 0 ? block % NUMBERS : ((block - 1) % (NUMBERS - 1)) + 1;
}

/** The first four bytes of the DATA packet with this block number, as a number in network order. */
export function dataHeader(wireNumber: number): number {
  return Opcode.data * NUMBERS + wireNumber;
}

/**
 * The block number of the packet that begins with these bytes; 0 if it is not DATA, since an OACK is acknowledged with
 * block 0.
 */
export function wireNumberOf(header: number): number {
  return Math.floor(header / NUMBERS) === Opcode.data ? header % NUMBERS : 0;
}
