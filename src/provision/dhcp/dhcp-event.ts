import type { BootEvent } from '../history/boot-event.ts';

/** A boot event without its time, which the server adds. */
export type DhcpEvent = Omit<BootEvent, 'at'>;
