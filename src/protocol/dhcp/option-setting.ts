import { MalformedMessage } from '../malformed-message.ts';
import { classlessRoutesFault, OPTION_REGISTRY, type RegisteredOption } from './option-registry.ts';
import {
  decodeOptionValue,
  encodeOptionValue,
  OPTION_TYPES,
  type OptionType,
  type OptionValue,
  parseOptionValue,
  reservedOptionReason,
} from './option-value.ts';

/** An option as an operator writes it, in settings, groups and machines. */
export interface OptionInput {
  readonly code: number;
  /** May be omitted if the registry has the option's type. */
  readonly type?: OptionType | undefined;
  readonly value?: unknown;
}

/** An option that can be sent. */
export interface OptionSetting {
  /** From 1 to 254, without the codes that the protocol sets itself. */
  readonly code: number;
  readonly value: OptionValue;
}

/** Thrown for an option that cannot be sent as it is written; the message says what would be valid. */
export class OptionSettingError extends Error {
  override readonly name = 'OptionSettingError';
  /** The key that is wrong. */
  readonly key: 'code' | 'type' | 'value';

  constructor(key: OptionSettingError['key'], message: string) {
    super(message);
    this.key = key;
  }
}

/** Checks an option against the registry of options. Throws OptionSettingError. */
export function readOptionSetting({ code, type, value }: OptionInput): OptionSetting {
  const reserved = reservedOptionReason(code);
  if (reserved !== undefined) {
    throw new OptionSettingError('code', `option ${code} cannot be set here: ${reserved}`);
  }
  const registered = OPTION_REGISTRY.get(code);
  const given = type ?? registered?.types[0];
  if (given === undefined) {
    throw new OptionSettingError(
      'code',
      `option ${code} has no registered type: give a type, one of ${OPTION_TYPES.join(', ')}`,
    );
  }
  if (registered !== undefined && !canBeWrittenAs(registered, given)) {
    throw new OptionSettingError('type', `${describe(registered)}, not ${given}`);
  }
  const parsed = parse(given, value, registered);
  const wrong = registered === undefined ? findPrivateFault(code, parsed) : findFault(registered, parsed);
  if (wrong !== undefined) throw new OptionSettingError('value', wrong);
  return { code, value: parsed };
}

/** The codes that appear more than once, each with the position of the repetition. */
export function repeatedOptions(
  options: readonly { readonly code: number }[],
): { code: number; index: number }[] {
  return options.flatMap(({ code }, index) =>
    options.findIndex((other) => other.code === code) < index ? [{ code, index }] : [],
  );
}

/** One address is accepted as a list of one, and hex as the bytes themselves, whose length is then checked. */
function canBeWrittenAs({ types }: RegisteredOption, given: OptionType): boolean {
  return given === 'hex' || types.includes(given) || (given === 'ip' && types.includes('ip-list'));
}

function parse(type: OptionType, value: unknown, registered: RegisteredOption | undefined): OptionValue {
  try {
    return parseOptionValue(type, value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const expected = registered === undefined ? '' : `${describe(registered)}: `;
    throw new OptionSettingError('value', expected + error.message);
  }
}

function findFault(registered: RegisteredOption, parsed: OptionValue): string | undefined {
  const [type] = registered.types;
  let meant = parsed;
  if (parsed.type === 'hex' && !registered.types.includes('hex')) {
    try {
      meant = decodeOptionValue(type, encodeOptionValue(parsed));
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      return `${describe(registered)}, and these bytes are not one: ${error.message}`;
    }
  }
  const fault = registered.check?.(meant);
  return fault === undefined ? undefined : `option ${registered.code} (${registered.name}) ${fault}`;
}

/** Option 249 is option 121 under the code that Microsoft used before. */
function findPrivateFault(code: number, parsed: OptionValue): string | undefined {
  const fault = classlessRoutesFault(parsed);
  return fault === undefined ? undefined : `option ${code} ${fault}`;
}

function describe({ code, name, types, source }: RegisteredOption): string {
  return `option ${code} (${name}, ${source}) has the type ${types.join(' or ')}`;
}
