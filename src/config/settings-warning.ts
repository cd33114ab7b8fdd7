/** Something that is allowed in the settings and will surprise whoever wrote it. */
export interface SettingsWarning {
  /** Where in the settings: `['networks', 0, 'routers', 1]`. */
  readonly path: readonly PropertyKey[];
  /** A sentence that says what will happen and what to do. */
  readonly message: string;
}
