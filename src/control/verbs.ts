import type { Verb } from './verb.ts';
import { adopt } from './verbs/adopt.ts';
import { approve } from './verbs/approve.ts';
import { arm } from './verbs/arm.ts';
import { clear } from './verbs/clear.ts';
import { disarm } from './verbs/disarm.ts';
import { hold } from './verbs/hold.ts';
import { lock } from './verbs/lock.ts';
import { reinstall } from './verbs/reinstall.ts';
import { reject } from './verbs/reject.ts';
import { release } from './verbs/release.ts';
import { rescue } from './verbs/rescue.ts';
import { reset } from './verbs/reset.ts';
import { restore } from './verbs/restore.ts';
import { retire } from './verbs/retire.ts';
import { unlock } from './verbs/unlock.ts';
import { unrescue } from './verbs/unrescue.ts';

/** Everything that can be done to a machine except deleting it, in the order of a machine's life. */
export const VERBS: readonly Verb[] = [
  approve,
  reject,
  arm,
  disarm,
  reinstall,
  reset,
  rescue,
  unrescue,
  adopt,
  clear,
  hold,
  release,
  lock,
  unlock,
  retire,
  restore,
];
