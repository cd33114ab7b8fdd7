import type { BootEvent, BootEventKind } from '../provision/history/boot-event.ts';
import { discoveredMachineId } from '../provision/machines/machine.ts';
import type { Lives } from './lives.ts';

/** What the life of a machine is told of its boot. */
export interface BootFollower {
  /** Takes a boot event that was recorded. */
  note(event: BootEvent): void;
}

/** What following boots depends on. */
export interface BootFollowerParts {
  readonly lives: Pick<Lives, 'find' | 'note' | 'step'>;
  /** Whether the machine boots a profile without an Ignition config, so that a system which has its files is running. */
  readonly bootsWithoutConfig: (event: BootEvent) => boolean;
}

/** Something was sent to the machine, so it goes on. */
const STEPS: ReadonlySet<BootEventKind> = new Set<BootEventKind>([
  'dhcp.ack',
  'tftp.sent',
  'http.boot_script',
  'http.boot_program',
  'http.asset',
  'ignition.sent',
  'generic.sent',
  'metadata.sent',
]);

/**
 * Tells the lives of machines how their boots go on: a step keeps a machine from counting as stalled, and a boot that is
 * stuck makes it so, with the step that is missing and the usual cause. No answer depends on any of it.
 */
export function bootFollower({ bootsWithoutConfig, lives }: BootFollowerParts): BootFollower {
  return {
    note: (event) => {
      const { kind, mac } = event;
      const machineId = event.machineId ?? (mac && discoveredMachineId(mac));
      if (machineId === undefined || !(STEPS.has(kind) || kind === 'boot.stuck')) return;
      const life = lives.find(machineId);
      if (life?.state !== 'booting' && life?.state !== 'installing') return;
      const declared = event.machineId !== undefined;
      if (kind === 'boot.stuck') lives.note(machineId, declared, { kind: 'stall', message: whyStuck(event) });
      else if (kind === 'http.asset' && life.state === 'booting' && bootsWithoutConfig(event)) {
        lives.note(machineId, declared, { kind: 'image_loaded' });
      } else lives.step(machineId);
    },
  };
}

/** The diagnosis, with the usual cause. */
function whyStuck({ detail, summary }: BootEvent): string {
  return typeof detail.advice === 'string' ? `${summary}; ${detail.advice}` : summary;
}
