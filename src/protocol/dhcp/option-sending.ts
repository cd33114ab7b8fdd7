/** Options that do not follow the client's parameter request list (option 55). */
export interface OptionSending {
  /** Sent although the client does not ask for them, where they have a value. */
  readonly force?: readonly number[];
  /** Never sent, also where they are part of what a client boots by. */
  readonly suppress?: readonly number[];
}

/** What a machine's record and its group say together, as sets; the record overrides the group for the same option. */
export interface ComposedSending {
  readonly forced: ReadonlySet<number>;
  readonly suppressed: ReadonlySet<number>;
}

/** Composes both; undefined where neither says anything, as nearly always. */
export function composeSending(
  group: OptionSending | undefined,
  machine: OptionSending | undefined,
): ComposedSending | undefined {
  if (group === undefined && machine === undefined) return undefined;
  const forced = new Set(group?.force);
  const suppressed = new Set(group?.suppress);
  for (const code of machine?.force ?? []) {
    forced.add(code);
    suppressed.delete(code);
  }
  for (const code of machine?.suppress ?? []) {
    suppressed.add(code);
    forced.delete(code);
  }
  return { forced, suppressed };
}
