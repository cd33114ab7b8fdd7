import type { JsonObject, JsonValue } from '../json-value.ts';

/**
 * A text that came from a machine: a label of a request, the host name of a lease. It can contain anything. Templates
 * use it like any other text, and results of helpers are marked like their arguments; where it is printed, it is
 * escaped so that it stays one value in the language of the template.
 */
export class ReportedText {
  readonly text: string;
  /** Whether a helper has already quoted it, as `json` does. */
  readonly quoted: boolean;

  constructor(text: string, quoted = false) {
    this.text = text;
    this.quoted = quoted;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

/** The same value with its texts marked as reported. */
export function markReported(value: JsonValue): unknown {
  if (typeof value === 'string') return new ReportedText(value);
  if (Array.isArray(value)) return value.map(markReported);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, member]) => [key, markReported(member)]),
  );
}

/** What a template renders to, which decides how reported text is written there. */
export type TemplateLanguage = 'boot' | 'json' | 'yaml' | 'text';

/** The language of a template file by its ending. */
export function languageOf(name: string): TemplateLanguage {
  if (/\.(ign|ignition|json)$/.test(name)) return 'json';
  return /\.(bu|butane|ya?ml)$/.test(name) ? 'yaml' : 'text';
}

/** Control characters, and the line breaks of YAML 1.1. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** What may end a quoted YAML string, or begin something that is not a string. */
const YAML_SYNTAX = /["'\\{}[\]]|^[&*!|>%@`#]|^[?-] /;

/**
 * A reported text as it is printed. In boot lines all characters that are not part of a plain word are percent-encoded,
 * so that it is neither a further argument nor `${...}`; in JSON it is escaped for a string; elsewhere a text that
 * could be read as syntax is refused. Undefined if it is refused.
 */
export function printReported(
  { text, quoted }: ReportedText,
  language: TemplateLanguage,
): string | undefined {
  switch (language) {
    case 'boot':
      return percentEncode(text);
    case 'json':
      return quoted ? text : JSON.stringify(text).slice(1, -1);
    case 'yaml':
      return quoted || !(CONTROL.test(text) || YAML_SYNTAX.test(text)) ? text : undefined;
    case 'text':
      return quoted || !CONTROL.test(text) ? text : undefined;
  }
}

function percentEncode(text: string): string {
  return text.replace(/[^A-Za-z0-9._~:/@,-]+/g, (run) =>
    [...Buffer.from(run, 'utf8')]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}
