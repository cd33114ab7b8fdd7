/** Placeholders that makers leave in unused SMBIOS fields, in lower case and without trailing punctuation. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  ...['to be filled by o.e.m', 'to be filled by oem', 'o.e.m', 'oem', 'default string', 'default', 'empty'],
  ...[
    'not specified',
    'not applicable',
    'not available',
    'not present',
    'not provided',
    'not set',
    'no asset tag',
  ],
  ...['none', 'null', 'n/a', 'na', 'unknown', 'unspecified', 'undefined', 'invalid', 'no asset information'],
  ...['system serial number', 'system manufacturer', 'system product name', 'system version', 'system uuid'],
  ...['serial number', 'base board serial number', 'chassis serial number', 'asset tag', 'asset-1234567890'],
  ...['sernum0', 'serialnumber', 'serial', 'sn', 's/n', 'oem serial number', 'type2 - board serial number'],
  ...['123456789', '0123456789', '1234567890', '12345678', '1234567', '123456', '01234567890123456789'],
  ...['01234567', '012345678', '0123456789abcdef', '1234567890abcdef', 'ab12345678', 'empty serial number'],
]);

/** One repeated character: `0`, `00000000`, `ffff`, `xxxxxxx`, `.......`, `--`. */
const ONE_CHARACTER = /^(.)\1*$/;

/**
 * Whether the text of an SMBIOS field (serial number, manufacturer, product, asset tag) is a placeholder of the maker,
 * which does not identify the machine.
 */
export function isSmbiosPlaceholder(text: string): boolean {
  const value = text
    .trim()
    .toLowerCase()
    .replace(/[\s.!]+$/, '');
  return value === '' || ONE_CHARACTER.test(value) || PLACEHOLDERS.has(value);
}
