import path from 'node:path';

/** The program, for `node`; build-program.ts has built it before the first integration test. */
export const PROGRAM = path.resolve(import.meta.dirname, '../../bin/railhead.js');
