/** The command line of butane, parsed as its own flag parser does (spf13/pflag). */
export interface ButaneFlags {
  readonly check: boolean;
  readonly color: string;
  readonly filesDir: string;
  readonly help: boolean;
  readonly output: string;
  readonly pretty: boolean;
  readonly rawErrors: boolean;
  readonly strict: boolean;
  readonly version: boolean;
  /** The file to read; undefined for standard input. */
  readonly input: string | undefined;
}

/** The flags, or why they are invalid; an empty reason for too many files. */
export type ParsedFlags = { readonly flags: ButaneFlags } | { readonly problem: string };

interface FlagDefinition {
  readonly name: string;
  readonly short?: string;
  readonly kind: 'bool' | 'string';
  /** The value of a string flag that is given without one. */
  readonly alone?: string;
  readonly help?: string;
}

const DEFINITIONS: readonly FlagDefinition[] = [
  { name: 'check', short: 'c', kind: 'bool', help: 'check config without producing output' },
  {
    name: 'color',
    kind: 'string',
    alone: 'always',
    help: 'control color output: "auto", "always", or "never"',
  },
  { name: 'colour', kind: 'string', alone: 'always' },
  { name: 'debug', short: 'D', kind: 'bool' },
  { name: 'files-dir', short: 'd', kind: 'string', help: 'allow embedding local files from this directory' },
  { name: 'help', short: 'h', kind: 'bool', help: 'show usage and exit' },
  { name: 'input', kind: 'string' },
  { name: 'output', short: 'o', kind: 'string', help: 'write to output file instead of stdout' },
  { name: 'pretty', short: 'p', kind: 'bool', help: 'output formatted json' },
  { name: 'raw', short: 'r', kind: 'bool', help: 'accepted for compatibility; output is always Ignition' },
  { name: 'raw-errors', kind: 'bool', help: 'show raw errors, rather than pretty printing them' },
  { name: 'strict', short: 's', kind: 'bool', help: 'fail on any warning' },
  { name: 'version', short: 'V', kind: 'bool', help: 'print the version and exit' },
];

/** The text that `--help` prints, and that follows an error. */
export const butaneUsage = [
  'Usage: railhead butane [options] [input-file]',
  'Options:',
  ...DEFINITIONS.filter(({ help }) => help !== undefined).map(({ name, short, kind, help = '' }) => {
    const flag = `${short === undefined ? '    ' : `-${short}, `}--${name}${kind === 'string' ? ' string' : ''}`;
    return `  ${flag.padEnd(24)}${help}`;
  }),
  '',
].join('\n');

/** Parses the arguments of `railhead butane`; flags and the file may come in any order, `--` ends the flags. */
export function parseButaneFlags(args: readonly string[]): ParsedFlags {
  const values = new Map<string, string>();
  const files: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      files.push(...rest.splice(0));
    } else if (arg.startsWith('--')) {
      const problem = parseLong(arg.slice(2), rest, values);
      if (problem !== undefined) return { problem };
    } else if (arg.startsWith('-') && arg !== '-') {
      const problem = parseShort(arg.slice(1), rest, values);
      if (problem !== undefined) return { problem };
    } else {
      files.push(arg);
    }
  }
  const deprecatedInput = values.get('input');
  if (files.length > 1 || (files.length === 1 && deprecatedInput)) return { problem: '' };
  const isSet = (name: string) => values.get(name) === 'true';
  return {
    flags: {
      check: isSet('check'),
      color: values.get('colour') ?? values.get('color') ?? 'auto',
      filesDir: values.get('files-dir') ?? '',
      help: isSet('help'),
      output: values.get('output') ?? '',
      pretty: isSet('pretty'),
      rawErrors: isSet('raw-errors'),
      strict: isSet('strict'),
      version: isSet('version'),
      input: files[0] ?? (deprecatedInput || undefined),
    },
  };
}

function parseLong(text: string, rest: string[], values: Map<string, string>): string | undefined {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name === '' || name.startsWith('-')) return `bad flag syntax: --${text}`;
  const definition = DEFINITIONS.find((known) => known.name === name);
  if (!definition) return `unknown flag: --${name}`;
  if (equals >= 0) return setValue(definition, text.slice(equals + 1), values);
  const alone = definition.kind === 'bool' ? 'true' : definition.alone;
  const value = alone ?? rest.shift();
  return value === undefined ? `flag needs an argument: --${name}` : setValue(definition, value, values);
}

/** Parses letters that share a dash; the first one that takes a value takes the rest. */
function parseShort(letters: string, rest: string[], values: Map<string, string>): string | undefined {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters.charAt(at);
    const definition = DEFINITIONS.find(({ short }) => short === letter);
    if (!definition) return `unknown shorthand flag: '${letter}' in -${letters}`;
    const after = letters.slice(at + 1);
    if (after.startsWith('=')) return setValue(definition, after.slice(1), values);
    if (definition.kind === 'string') {
      const value = after === '' ? rest.shift() : after;
      if (value === undefined) return `flag needs an argument: '${letter}' in -${letters}`;
      return setValue(definition, value, values);
    }
    values.set(definition.name, 'true');
  }
  return undefined;
}

const BOOLEANS = new Map<string, string>([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, 'true'] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, 'false'] as const),
]);

function setValue(definition: FlagDefinition, text: string, values: Map<string, string>): string | undefined {
  const { name, short, kind } = definition;
  const value = kind === 'bool' ? BOOLEANS.get(text) : text;
  if (value === undefined) {
    const flag = short === undefined ? `--${name}` : `-${short}, --${name}`;
    return `invalid argument "${text}" for "${flag}" flag: strconv.ParseBool: parsing "${text}": invalid syntax`;
  }
  values.set(name, value);
  return undefined;
}
