import type { Settings } from '../config/schema.ts';

/** The settings; undefined if they are invalid, which is then reported as wrong usage. */
export async function settingsOrReport(
  file: string | undefined,
  flags: readonly string[] = [],
): Promise<Settings | undefined> {
  const { loadSettings, SettingsError } = await import('../config/load-settings.ts');
  try {
    return loadSettings({ file, environment: process.env, flags });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return undefined;
  }
}
