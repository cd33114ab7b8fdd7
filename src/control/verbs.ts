import type { Verb } from './verb.ts';
import { approve } from './verbs/approve.ts';
import { hold } from './verbs/hold.ts';
import { lock } from './verbs/lock.ts';
import { reject } from './verbs/reject.ts';
import { release } from './verbs/release.ts';
import { restore } from './verbs/restore.ts';
import { retire } from './verbs/retire.ts';
import { unlock } from './verbs/unlock.ts';

/** Everything that can be done to a machine except deleting it, in the order of a machine's life. */
export const VERBS: readonly Verb[] = [approve, reject, hold, release, lock, unlock, retire, restore];
