import type { Life } from './life.ts';
import type { Guard } from './transition-table.ts';

interface GuardMeaning {
  readonly holds: (life: Life, nowMs: number) => boolean;
  /** Why not, as the end of a sentence about the machine. */
  readonly otherwise: (life: Life) => string;
}

const always = (text: string) => (): string => text;

/** What each guard of the table means. `nowMs` is milliseconds since 1970. */
export const GUARDS: Readonly<Record<Guard, GuardMeaning>> = {
  may_be_armed: {
    holds: ({ conditions }) =>
      conditions.held === undefined &&
      conditions.locked === undefined &&
      conditions.loop_detected === undefined,
    otherwise: ({ conditions }) =>
      conditions.locked !== undefined
        ? `it is locked: ${conditions.locked.message}; unlock it first`
        : conditions.held !== undefined
          ? `it is held: ${conditions.held.message}; release it first`
          : 'it began too many installations within an hour; find out why, and clear it first',
  },
  never_installed: {
    holds: ({ armedBySystem, installation, installsBegunMs }) =>
      !armedBySystem && installation === undefined && installsBegunMs.length === 0,
    otherwise: always('`arm: auto` arms only a machine that was never installed, and only once'),
  },
  unlocked: {
    holds: ({ conditions }) => conditions.locked === undefined,
    otherwise: ({ conditions }) => `it is locked: ${conditions.locked?.message ?? ''}; unlock it first`,
  },
  attempts_left: {
    holds: ({ arm }) => arm !== undefined && arm.attemptsLeft > 0,
    otherwise: always('it has no attempts left'),
  },
  arm_is_open: {
    holds: ({ arm }, nowMs) => arm !== undefined && arm.expiresAtMs > nowMs,
    otherwise: always('its arm has expired'),
  },
  has_arm: {
    holds: ({ arm }) => arm !== undefined,
    otherwise: always('it is not armed: it boots a profile that needs no arm'),
  },
  to_be_installed: {
    holds: ({ purpose }) => purpose === 'install' || purpose === 'reset',
    otherwise: always('it does not boot to be installed'),
  },
  to_be_rescued: {
    holds: ({ purpose }) => purpose === 'rescue',
    otherwise: always('it does not boot the rescue system'),
  },
  has_installation: {
    holds: ({ installation }) => installation !== undefined,
    otherwise: always('nothing is installed on it'),
  },
  is_looping: {
    holds: ({ conditions }) => conditions.loop_detected !== undefined,
    otherwise: ({ state }) => `there is nothing to clear: it is ${state}, and was not stopped as a loop`,
  },
};
