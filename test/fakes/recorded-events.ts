import type { BootEvent, BootEventSink } from '../../src/provision/history/boot-event.ts';

/** Remembers boot events instead of storing them. */
export class RecordedEvents implements BootEventSink {
  readonly events: BootEvent[] = [];

  record(event: BootEvent): boolean {
    this.events.push(event);
    return true;
  }

  /** The summaries of one kind. */
  summaries(kind: BootEvent['kind']): string[] {
    return this.events.filter((event) => event.kind === kind).map(({ summary }) => summary);
  }
}
