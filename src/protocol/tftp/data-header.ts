import { Opcode } from './packet.ts';

/** The number that follows 65535: 0, as firmware and most servers have it, or 1, as a few clients do. */
export type BlockRollover = 0 | 1;

const NUMBERS = 0x1_0000;

/** The number on the wire of a block that is counted from 1 without end. Block 0, which answers an OACK, stays 0. */
export function wireBlock(block: number, rollover: BlockRollover): number {
  if (block < NUMBERS) return block;
  return rollover === 0 ? block % NUMBERS : ((block - 1) % (NUMBERS - 1)) + 1;
}

/** The first four octets of the DATA packet with this number on the wire, as a number in network order. */
export function dataHeader(wireNumber: number): number {
  return Opcode.data * NUMBERS + wireNumber;
}

/** The number on the wire of the packet that begins so; 0 unless it is DATA, as an OACK is acknowledged with block 0. */
export function wireNumberOf(header: number): number {
  return Math.floor(header / NUMBERS) === Opcode.data ? header % NUMBERS : 0;
}
