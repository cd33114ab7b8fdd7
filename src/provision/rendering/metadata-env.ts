/**
 * Variables as lines of an environment file, the way Matchbox writes /metadata: names in upper case, nested ones joined
 * by `_`, sorted. Lists have no line. A value is written as it is, but in one line, and quoted where systemd
 * (EnvironmentFile= in systemd.exec(5)) would interpret quotes, a backslash or blanks at its ends.
 */
export function metadataEnv(variables: Readonly<Record<string, unknown>>): string {
  const lines: string[] = [];
  collect('', variables, lines);
  return lines
    .sort()
    .map((line) => `${line}\n`)
    .join('');
}

function collect(prefix: string, value: unknown, lines: string[]): void {
  if (value === null || value === undefined || Array.isArray(value)) return;
  if (typeof value === 'object') {
    for (const [name, member] of Object.entries(value)) {
      collect(prefix === '' ? name : `${prefix}_${name}`, member, lines);
    }
    return;
  }
  const name = prefix.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
  // Control characters must not create further variables or reach a terminal.
  const text = `${value as string | number | boolean}`.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  lines.push(`${name}=${needsQuotes(text) ? `"${text.replace(/["\\$`]/g, '\\$&')}"` : text}`);
}

/** A quote or a backslash may swallow the lines behind it. */
function needsQuotes(text: string): boolean {
  return /["'\\]|^\s|\s$/.test(text);
}
