import type { RenderBudget } from './render-budget.ts';

/** What a helper gets beside its arguments. */
export interface HelperCall {
  /** `name=value` arguments. */
  readonly hash: Readonly<Record<string, unknown>>;
  readonly budget: RenderBudget;
}

/** A helper that makes a value of values. */
export interface ValueHelper {
  /** The fewest and the most arguments. */
  readonly arity: readonly [least: number, most: number];
  /** Names of its `name=value` arguments. */
  readonly options?: readonly string[];
  /** Whether its arguments may be missing, because it tests whether a value exists. */
  readonly lenient?: true;
  /** Whether its result is quoted for the language of the template, whatever its arguments are. */
  readonly quotes?: true;
  /** Reported texts are passed as plain texts, except within lists and mappings. */
  readonly run: (args: readonly unknown[], call: HelperCall) => unknown;
}
