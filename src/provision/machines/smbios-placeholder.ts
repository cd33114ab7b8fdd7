/** Placeholders that makers leave in unused SMBIOS fields, as they write them. */
const TEXTS = [
  ...['to be filled by o.e.m.', 'filled by o.e.m.', 'fill by o.e.m.', 'to be filed by o.e.m.', 'o.e.m.'],
  ...[
    'default string',
    'default',
    'oem default string',
    'oem default',
    'empty',
    'blank',
    'tbd',
    'none',
    'null',
  ],
  ...['not specified', 'not applicable', 'not available', 'not present', 'not provided', 'not set'],
  ...[
    'not defined',
    'not assigned',
    'not settable',
    'no asset tag',
    'no asset information',
    'no serial number',
  ],
  ...['n/a', 'unknown', 'unspecified', 'unavailable', 'undefined', 'invalid', 'no serial'],
  ...['system serial number', 'system serial', 'system sn', 'system manufacturer', 'system product name'],
  ...['system version', 'system uuid', 'serial number', 'serial', 's/n', 'sernum0', 'oem serial number'],
  ...['oem serial', 'empty serial number', 'board serial number', 'base board serial number'],
  ...['type1 - board serial number', 'type2 - board serial number', 'chassis serial number', 'asset tag'],
  ...['asset-1234567890', 'mb-1234567890', 'ab12345678', '1234567890abcdef', '0987654321'],
];

const PLACEHOLDERS: ReadonlySet<string> = new Set(TEXTS.map(withoutPunctuation));

/** One repeated character: `0`, `00000000`, `ffff`, `xxxxxxx`, `.......`, `--`. */
const ONE_CHARACTER = /^(.)\1*$/u;

const DIGITS = '0123456789'.repeat(7);
const COUNTS = [DIGITS, DIGITS.slice(1), '0123456789abcdef', '123456789abcdef', '9876543210'];
/** A shorter count may be the number that somebody gave to a machine. */
const COUNT_LENGTH_MIN = 6;
/** The same for a number with separators, such as `1-1`; `0000-0000` is a placeholder. */
const REPEATED_LENGTH_MIN = 4;

/**
 * Whether the text of an SMBIOS field (serial number, manufacturer, product, asset tag) is a placeholder of the maker,
 * which does not identify the machine. Makers spell the same ones with other punctuation: `Default_string`, `(none)`.
 */
export function isSmbiosPlaceholder(text: string): boolean {
  const value = text.trim().toLowerCase();
  const word = withoutPunctuation(value);
  return (
    word === '' ||
    ONE_CHARACTER.test(value) ||
    (word.length >= REPEATED_LENGTH_MIN && ONE_CHARACTER.test(word)) ||
    (word.length >= COUNT_LENGTH_MIN && COUNTS.some((count) => count.startsWith(word))) ||
    PLACEHOLDERS.has(word)
  );
}

/** Letters and digits of any script; nothing else tells two serial numbers apart here. */
function withoutPunctuation(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}
