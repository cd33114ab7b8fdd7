/** Rows or values of one statement: SQLite takes 32,766 values in one. */
const PIECE_MAX = 500;

/** Many rows or values as some for one statement each. */
export function inPieces<T>(all: readonly T[]): T[][] {
  const pieces: T[][] = [];
  for (let at = 0; at < all.length; at += PIECE_MAX) pieces.push(all.slice(at, at + PIECE_MAX));
  return pieces;
}
