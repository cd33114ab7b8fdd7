import type { StoredTime, TimeColumn } from '../columns.ts';

/** A time without end is stored as the largest integer that JavaScript can represent exactly. */
const FOREVER = Number.MAX_SAFE_INTEGER;

/** SQLite has no type for times: they are whole milliseconds since the epoch. */
export const SQLITE_TIME: TimeColumn = {
  encode: (ms) => Math.min(ms, FOREVER) as unknown as StoredTime,
  decode: (stored) => {
    const ms = stored as unknown as number;
    return ms === FOREVER ? Infinity : ms;
  },
};
