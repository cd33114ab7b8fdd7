import type { NoBootCause } from './decide-boot.ts';

/** A machine that waits, and why. */
export interface WaitingMachine {
  readonly cause: NoBootCause;
  /** Its id in commands; undefined for a machine without a record that sends no MAC address. */
  readonly machineId: string | undefined;
  /** Whether a file, an inventory or an approval declares it. */
  readonly declared: boolean;
}

const ALONE = 'It goes on by itself.';

/** What ends the waiting of a machine, for its screen: the commands to give, or what has to be written. */
export function endOfWaiting({ cause, declared, machineId }: WaitingMachine): string {
  if (machineId === undefined) return `Write a group, or add this machine to an inventory. ${ALONE}`;
  const command = (verb: string): string => `railhead machines ${verb} ${machineId}`;
  const commands = (...all: readonly string[]): string => `To let it go on: ${all.join(' and then ')}`;
  switch (cause) {
    case 'held':
      return commands(command('release'));
    case 'unarmed':
    case 'installed':
      // A machine that nobody declares cannot be armed.
      return declared ? commands(command('arm')) : commands(command('approve'), command('arm'));
    case 'failed':
      return commands(command('arm'));
    case 'loop_detected':
      return commands(command('clear'), command('arm'));
    case 'no_profile':
      return `Write that profile. ${ALONE}`;
    case 'unmatched':
      return declared
        ? `Write a group that selects it. ${ALONE}`
        : `Write a group that selects it, or put it into one: ${command('approve')} --group GROUP`;
    default:
      return ALONE;
  }
}
