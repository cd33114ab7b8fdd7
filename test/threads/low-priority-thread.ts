import { readlinkSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { lowerThreadPriority } from '../../src/threads/lower-priority.ts';

// The thread of lower-priority.test.ts. It says which thread it is, and stays until it is ended.
lowerThreadPriority();
parentPort?.on('message', () => undefined);
parentPort?.postMessage(readlinkSync('/proc/thread-self'));
