import type { HelperDelegate, HelperOptions } from 'handlebars';
import {
  type ArgumentNames,
  asItIs,
  callKey,
  FIND_HELPER,
  GET_HELPER,
  LENIENT_LOOKUP,
  PRINT_HELPER,
} from './check-template.ts';
import { HelperError, kindOf, type SourceLocation } from './helper-error.ts';
import type { RenderBudget } from './render-budget.ts';
import { printReported, ReportedText, type TemplateLanguage } from './reported-text.ts';
import { isWholeContext, VALUE_HELPERS } from './template-helpers.ts';
import type { ValueHelper } from './value-helper.ts';

/** Stands for a value that is missing; results that depend on it are not checked further. */
export const UNKNOWN = Symbol('unknown');

/** What Handlebars hands to every helper behind its arguments. */
export interface Options extends HelperOptions {
  readonly data: { readonly budget: RenderBudget } & Record<string, unknown>;
  readonly loc?: SourceLocation;
}

/** Keywords of Go templates, which Handlebars parses as variables. */
const GO_WORDS: ReadonlySet<string> = new Set(['end', 'break', 'continue', 'println', 'print', 'nil']);

/** The helpers that return values, as Handlebars calls them, and those that wrap variables. */
export function valueHelpers(
  language: TemplateLanguage,
  argumentNames: ArgumentNames,
): Record<string, HelperDelegate> {
  const helpers: Record<string, HelperDelegate> = {
    // Most variables are one word with a text as value; this path avoids an array of arguments.
    [PRINT_HELPER](value: unknown, name: unknown, options: unknown, ...rest: unknown[]) {
      if (rest.length > 0 || typeof value !== 'string') {
        return print([value, name, options, ...rest], language);
      }
      (options as Options).data.budget.step();
      return value;
    },
    [GET_HELPER](value: unknown, name: unknown, options: unknown, ...rest: unknown[]) {
      return rest.length > 0 || value === undefined ? get([value, name, options, ...rest]) : value;
    },
    [FIND_HELPER]: (...args: unknown[]) => find(args[0], args, args.length - 1),
    [LENIENT_LOOKUP]: (...args: unknown[]) => lookUp(args[0], args[1]),
    lookup: (container: unknown, key: unknown, options: Options) => {
      if (container === UNKNOWN || key === UNKNOWN) return UNKNOWN;
      const found = lookUp(container, key);
      if (found !== undefined && found !== null) return found;
      const error = new HelperError('lookup finds nothing', {
        argument: { index: 0, is: `${kindOf(container)} without that key` },
        advice: 'where that may be, write {{default (lookup a "b") "c"}}',
      });
      return noteFault(error, options, argumentNames);
    },
  };
  for (const [name, helper] of Object.entries(VALUE_HELPERS)) {
    helpers[name] = (...args: unknown[]) => callHelper(helper, args, argumentNames);
  }
  return helpers;
}

function callHelper(helper: ValueHelper, args: unknown[], argumentNames: ArgumentNames): unknown {
  const options = args.pop() as Options;
  const { budget } = options.data;
  let reported = false;
  for (const [index, arg] of args.entries()) {
    if (arg === UNKNOWN) return UNKNOWN;
    if (!(arg instanceof ReportedText)) continue;
    reported = true;
    args[index] = arg.text;
  }
  try {
    budget.step();
    const result = helper.run(args, { hash: options.hash as Record<string, unknown>, budget });
    if (typeof result !== 'string') return result;
    budget.write(result.length);
    return reported ? new ReportedText(result, helper.quotes === true) : result;
  } catch (error) {
    return noteFault(error, options, argumentNames);
  }
}

/**
 * Notes what is wrong with the arguments of a helper, so that the rendering goes on without its value. Throws the error
 * again if it ends the rendering, or is not a HelperError.
 */
export function noteFault(error: unknown, options: Options, argumentNames: ArgumentNames): typeof UNKNOWN {
  if (!(error instanceof HelperError)) throw error;
  const { loc, data } = options;
  const { argument } = error;
  if (error.ends) {
    error.place ??= loc;
    throw error;
  }
  const name = loc === undefined ? undefined : argumentNames.get(callKey(loc))?.[argument?.index ?? -1];
  const what =
    argument === undefined || name === undefined ? '' : `, and ${quoteName(name)} is ${argument.is}`;
  const advice = error.advice === undefined ? '' : `; ${error.advice}`;
  note(data.budget, `${error.message}${what}${advice}`, loc);
  return UNKNOWN;
}

/** `{{a.b}}`: args are the value of `a`, the path as written, the rest of the path, and Handlebars' options. */
function print(args: readonly unknown[], language: TemplateLanguage): string {
  const { data, loc } = args[args.length - 1] as Options;
  data.budget.step();
  const value = get(args);
  if (typeof value === 'string') return value;
  // Handlebars joins what helpers return with `+`, which adds numbers.
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === UNKNOWN) return '';
  const name = args[1] as string;
  if (value instanceof ReportedText) {
    const text = printReported(value, language);
    if (text !== undefined) return text;
    const message = `${quoteName(name)} comes from the machine, and has characters that could be taken for syntax here: write {{json ${name}}} in place of it and its quotes`;
    note(data.budget, message, loc);
    return '';
  }
  note(data.budget, describeUnprintable(name, value), loc);
  return '';
}

function describeUnprintable(name: string, value: unknown): string {
  if (value === null || value === undefined) {
    return `${quoteName(name)} is ${kindOf(value)}: give it a value, or write {{default ${name} ""}}`;
  }
  if (typeof value === 'object' && isWholeContext(value)) {
    const literal = name.startsWith('(') ? '' : `; ${asItIs(`{{${name}}}`)}`;
    return `${quoteName(name)} is all variables at once, which have no text: name the variable${literal}`;
  }
  return `${quoteName(name)} is ${kindOf(value)}, which has no text: use {{json ...}} or {{#each ...}}`;
}

/** The value of a variable; UNKNOWN if it is missing, which is noted as a fault. */
function get(args: readonly unknown[]): unknown {
  const { data, loc } = args[args.length - 1] as Options;
  let value = args[0];
  const way = args[1] as string;
  const last = args.length - 1;
  for (let index = 2; index < last && value !== undefined && value !== UNKNOWN; index++) {
    const part = args[index] as string;
    if (typeof value !== 'object' || value === null || value instanceof ReportedText) {
      const kind = kindOf(value instanceof ReportedText ? value.text : value);
      note(data.budget, `"${wayUpTo(way, args, index)}" is ${kind}, and has no "${part}"`, loc);
      return UNKNOWN;
    }
    const next: unknown = Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
    if (next === undefined) {
      note(data.budget, `"${wayUpTo(way, args, index + 1)}" is not defined`, loc);
      return UNKNOWN;
    }
    value = next;
  }
  if (value === undefined) {
    const name = wayUpTo(way, args, 2);
    const helper = Object.hasOwn(VALUE_HELPERS, name) ? `; the helper of that name takes arguments` : '';
    const go = GO_WORDS.has(name) ? `; ${asItIs(`{{${name}}}`)}` : '';
    note(data.budget, `"${name}" is not defined${helper}${go}`, loc);
    return UNKNOWN;
  }
  return value;
}

/** The value of a variable, undefined where it is missing. */
function find(head: unknown, args: readonly unknown[], last: number): unknown {
  let value = head;
  for (let index = 2; index < last; index++) value = lookUp(value, args[index]);
  return value;
}

function lookUp(container: unknown, key: unknown): unknown {
  if (typeof container !== 'object' || container === null || container instanceof ReportedText)
    return undefined;
  const name = key instanceof ReportedText ? key.text : key;
  if (typeof name !== 'string' && typeof name !== 'number') return undefined;
  return Object.hasOwn(container, name) ? (container as Record<string, unknown>)[name] : undefined;
}

/** The beginning of a path as written: the part before the arguments from `index` on. */
function wayUpTo(way: string, args: readonly unknown[], index: number): string {
  const rest = args
    .slice(index, -1)
    .map((part) => `.${part as string}`)
    .join('');
  return rest !== '' && way.endsWith(rest) ? way.slice(0, -rest.length) : way;
}

function note(budget: RenderBudget, message: string, loc: SourceLocation | undefined): void {
  const fault = new HelperError(message);
  fault.place = loc;
  budget.note(fault);
}

function quoteName(name: string): string {
  return name.startsWith('(') ? name : `"${name}"`;
}
