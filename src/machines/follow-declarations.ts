import type { Logger } from 'pino';
import { StoreError } from '../store/store-error.ts';
import type { Lives } from './lives.ts';
import { APPROVED_SOURCE } from './machine-records.ts';
import type { MachineRegistry } from './machine-registry.ts';

/**
 * Tells the lives of machines that are declared: a machine that was only discovered is ready, and its life goes on under
 * the id of its record. A declaration that is missed, as while the program did not run, is noticed when the machine asks.
 */
export function followDeclarations(
  machines: Pick<MachineRegistry, 'onChange'>,
  lives: Pick<Lives, 'apply' | 'find' | 'inherit'>,
  log: Logger,
): void {
  machines.onChange((changes) => {
    for (const { id, kind, machine, source } of changes) {
      // An approval is an event of its own.
      if (kind !== 'declared' || machine === undefined || source === APPROVED_SOURCE) continue;
      const isMoved = lives.inherit(id, machine.macs);
      if (!isMoved && lives.find(id)?.state !== 'discovered') continue;
      lives
        .apply({ machineId: id, declared: true, event: { kind: 'declared' }, by: 'system' })
        .catch((error: unknown) => {
          // The next event of the machine has the same effect.
          if (error instanceof StoreError) return;
          log.error({ err: error, machine: id }, 'a declaration could not be noted in the life of a machine');
        });
    }
  });
}
