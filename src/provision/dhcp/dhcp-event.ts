import type { BootEvent } from '../history/boot-event.ts';

/** A boot event without its time, which the shell adds. */
export type DhcpEvent = Omit<BootEvent, 'at'>;
