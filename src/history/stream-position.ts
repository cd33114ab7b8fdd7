/** How far a reader has come in each of the logs. */
export interface StreamPosition {
  /** The id of the last boot event. */
  readonly bootEvent: number;
  /** The number of the last transition. */
  readonly transition: number;
  /** The id of the last entry of the audit. */
  readonly audit: number;
}

/** `e4711.t1204.a88`. Clients pass it back as it is. */
export function formatPosition({ audit, bootEvent, transition }: StreamPosition): string {
  return `e${bootEvent}.t${transition}.a${audit}`;
}

/** Undefined if the text is not a position. */
export function parsePosition(text: string): StreamPosition | undefined {
  const [, bootEvent, transition, audit] = /^e(\d{1,15})\.t(\d{1,15})\.a(\d{1,15})$/.exec(text) ?? [];
  if (bootEvent === undefined) return undefined;
  return { bootEvent: Number(bootEvent), transition: Number(transition), audit: Number(audit) };
}
