/** A valid setting that is probably not what its author wants. */
export interface SettingsWarning {
  /** The place in the settings: `['networks', 0, 'routers', 1]`. */
  readonly path: readonly PropertyKey[];
  /** A sentence about the consequence and what to do. */
  readonly message: string;
}
