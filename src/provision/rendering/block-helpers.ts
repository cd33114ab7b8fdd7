import type { HelperDelegate, TemplateDelegate } from 'handlebars';
import type { ArgumentNames } from './check-template.ts';
import { isTrue } from './comparison-helpers.ts';
import { HelperError, kindOf } from './helper-error.ts';
import { ReportedText } from './reported-text.ts';
import { noteFault, type Options, UNKNOWN } from './value-calls.ts';

/** Handlebars' blocks, within the budget of the rendering and strict about what they are given. */
export function blockHelpers(argumentNames: ArgumentNames): Record<string, HelperDelegate> {
  return {
    if(this: unknown, condition: unknown, options: Options) {
      return choose(this, condition, options, options.fn, options.inverse);
    },
    unless(this: unknown, condition: unknown, options: Options) {
      return choose(this, condition, options, options.inverse, options.fn);
    },
    with(this: unknown, value: unknown, options: Options) {
      options.data.budget.step();
      if (value === UNKNOWN) return '';
      if (!isTrue(value)) return options.inverse(this);
      return options.fn(value, { data: options.data, blockParams: [value] });
    },
    each(this: unknown, items: unknown, options: Options) {
      try {
        return each(this, items, options);
      } catch (error) {
        noteFault(error, options, argumentNames);
        return '';
      }
    },
  };
}

function choose(
  context: unknown,
  condition: unknown,
  options: Options,
  yes: TemplateDelegate,
  no: TemplateDelegate,
): string {
  options.data.budget.step();
  if (condition === UNKNOWN) return '';
  const { includeZero } = options.hash as { includeZero?: unknown };
  return isTrue(condition) || (condition === 0 && includeZero === true) ? yes(context) : no(context);
}

function each(context: unknown, items: unknown, options: Options): string {
  const { data } = options;
  const { budget } = data;
  budget.step();
  if (items === UNKNOWN) return '';
  if (items === undefined) return options.inverse(context);
  if (typeof items !== 'object' || items === null || items instanceof ReportedText) {
    const is = kindOf(items instanceof ReportedText ? items.text : items);
    throw new HelperError('each takes a list or a mapping', { argument: { index: 0, is } });
  }
  const isList = Array.isArray(items);
  const keys = isList ? [...items.keys()] : Object.keys(items);
  if (keys.length === 0) return options.inverse(context);
  let output = '';
  keys.forEach((key, index) => {
    budget.iteration();
    const item = (items as Record<string | number, unknown>)[key];
    // Names of labels come from the machine just as their values do.
    const shown = !isList && item instanceof ReportedText ? new ReportedText(String(key)) : key;
    const frame = {
      ...data,
      _parent: data,
      key: shown,
      index,
      first: index === 0,
      last: index === keys.length - 1,
    };
    const rendered = options.fn(item, { data: frame, blockParams: [item, shown] });
    budget.write(rendered.length);
    output += rendered;
  });
  return output;
}
