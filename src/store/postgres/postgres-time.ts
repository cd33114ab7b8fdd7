import type { StoredTime, TimeColumn } from '../columns.ts';

/** Columns of type `timestamptz`. A time without end is PostgreSQL's own `infinity`. */
export const POSTGRES_TIME: TimeColumn = {
  encode: (ms) => (ms >= LATEST_MS ? 'infinity' : new Date(ms)) as unknown as StoredTime,
  decode: (stored) => {
    const read = stored as unknown as Date | number;
    return read instanceof Date ? read.getTime() : read;
  },
};

/** The latest time that a JavaScript Date can hold. */
const LATEST_MS = 8_640_000_000_000_000;
