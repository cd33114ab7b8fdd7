import { readlinkSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { lowerThreadPriority } from '../../src/threads/lower-priority.ts';

// The thread of lower-priority.test.ts. It reports its thread id, and runs until it is ended.
lowerThreadPriority();
parentPort?.on('message', () => undefined);
parentPort?.postMessage(readlinkSync('/proc/thread-self'));
