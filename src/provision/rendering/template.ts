import Handlebars, { type HelperDelegate } from 'handlebars';
import { blockHelpers } from './block-helpers.ts';
import { checkTemplate, type Place, type TemplateCheck } from './check-template.ts';
import { HelperError } from './helper-error.ts';
import { RenderBudget } from './render-budget.ts';
import { languageOf, type TemplateLanguage } from './reported-text.ts';
import { TemplateError } from './template-error.ts';
import { explainSyntax, hasGoFields } from './template-syntax.ts';
import { valueHelpers } from './value-calls.ts';

/** Characters that one rendering may produce, and that a template may have. */
const OUTPUT_MAX = 16 * 1024 * 1024;
const SOURCE_MAX = 4 * 1024 * 1024;

/** The variables that a template sees. */
export type TemplateVariables = Readonly<Record<string, unknown>>;

/** A compiled template. */
export interface Template {
  readonly name: string;
  /** Throws TemplateError with every missing variable and every other fault. */
  render(variables: TemplateVariables): string;
}

/** A partial's source by the name that templates use; undefined if there is none. */
export type FindPartial = (name: string) => { readonly name: string; readonly source: string } | undefined;

/** Helpers that the compiler inserts. */
const IMPLICIT_HELPERS: ReadonlySet<string> = new Set(['helperMissing', 'blockHelperMissing']);

/**
 * Compiles a Handlebars template, strictly: a missing variable and an unknown helper are errors, and nothing is
 * escaped, since configs are not HTML. Prototypes are not accessible, partials come only from `findPartial` and may not
 * include themselves, and the work of one rendering is limited, so that it always ends soon. `language` is the language
 * of the result, by default derived from the template's name. Throws TemplateError with line and column.
 */
export function compileTemplate(
  name: string,
  source: string,
  findPartial: FindPartial,
  language: TemplateLanguage = languageOf(name),
): Template {
  // Most kernel arguments are plain text.
  if (!source.includes('{{')) return { name, render: () => source };
  const compiler = new TemplateCompiler(findPartial, language);
  const template = compiler.compile(name, source);
  return {
    name,
    render(variables) {
      const budget = new RenderBudget();
      let output = '';
      try {
        output = template(variables, {
          data: { budget },
          allowProtoPropertiesByDefault: false,
          allowProtoMethodsByDefault: false,
        });
        if (output.length > OUTPUT_MAX)
          throw new HelperError(`the result has more than ${OUTPUT_MAX} characters`);
      } catch (error) {
        if (budget.faults.length === 0) throw toTemplateError(name, error);
      }
      const [first, ...further] = budget.faults.map((fault) => toTemplateError(name, fault));
      if (first !== undefined) throw first.with(further);
      return output;
    },
  };
}

/** Compiles one template and its partials, each of them once, in a separate Handlebars environment. */
class TemplateCompiler {
  readonly #environment = Handlebars.create();
  readonly #findPartial: FindPartial;
  readonly #check: TemplateCheck;
  readonly #partials = new Set<string>();
  /** The template that is being compiled and those that include it. */
  readonly #stack: string[] = [];

  constructor(findPartial: FindPartial, language: TemplateLanguage) {
    this.#findPartial = findPartial;
    const argumentNames = new Map<string, readonly string[]>();
    this.#check = {
      argumentNames,
      helpers: new Set(),
      tags: 0,
      onPartial: (partial, place) => {
        this.#compilePartial(partial, place);
      },
    };
    for (const helper of Object.keys(this.#environment.helpers)) {
      if (!IMPLICIT_HELPERS.has(helper)) this.#environment.unregisterHelper(helper);
    }
    this.#helpers = { ...valueHelpers(language, argumentNames), ...blockHelpers(argumentNames) };
    for (const [helper, run] of Object.entries(this.#helpers)) this.#environment.registerHelper(helper, run);
  }

  readonly #helpers: Readonly<Record<string, HelperDelegate>>;

  compile(name: string, source: string): HandlebarsTemplateDelegate {
    const template = this.#compile(name, source);
    // For each rendering Handlebars wraps every helper again, including those that are not called.
    for (const helper of Object.keys(this.#helpers)) {
      if (!this.#check.helpers.has(helper)) this.#environment.unregisterHelper(helper);
    }
    return template;
  }

  #compile(name: string, source: string): HandlebarsTemplateDelegate {
    if (source.length > SOURCE_MAX) {
      throw new TemplateError(name, `a template may have at most ${SOURCE_MAX} characters`);
    }
    if (hasGoFields(source)) throw explainSyntax(name, source);
    let program: hbs.AST.Program;
    try {
      program = this.#environment.parse(source, { srcName: name });
    } catch (error) {
      throw error instanceof Error ? explainSyntax(name, source, error) : error;
    }
    this.#stack.push(name);
    checkTemplate(program, name, this.#check);
    this.#stack.pop();
    return this.#environment.compile(program, {
      noEscape: true,
      preventIndent: true,
      knownHelpersOnly: true,
      knownHelpers: Object.fromEntries(Object.keys(this.#helpers).map((helper) => [helper, true])),
    });
  }

  #compilePartial(partial: string, place: Place): void {
    const [including = ''] = this.#stack.slice(-1);
    const found = this.#findPartial(partial);
    if (found === undefined)
      throw new TemplateError(including, `there is no partial "${partial}" in profiles/`, place);
    if (this.#stack.includes(found.name))
      throw new TemplateError(including, `partial "${partial}" includes itself`, place);
    if (this.#partials.has(partial)) return;
    this.#partials.add(partial);
    const compiled = this.#compile(found.name, found.source);
    this.#environment.registerPartial(partial, withinBudget(found.name, compiled));
  }
}

/** Wraps a partial so that it counts against the budget of the rendering, and its errors name it. */
function withinBudget(name: string, partial: HandlebarsTemplateDelegate): HandlebarsTemplateDelegate {
  return (context, options) => {
    const { budget } = options?.data as { budget: RenderBudget };
    try {
      budget.partial();
      const output = partial(context, options);
      budget.write(output.length);
      return output;
    } catch (error) {
      throw toTemplateError(name, error);
    }
  };
}

function toTemplateError(template: string, error: unknown): TemplateError {
  if (error instanceof TemplateError) return error;
  if (error instanceof HelperError) {
    const { place } = error;
    return new TemplateError(
      place?.source ?? template,
      error.message,
      place && { line: place.start.line, column: place.start.column + 1 },
    );
  }
  // Handlebars recurses for nested blocks, and V8 limits the length of strings.
  if (error instanceof RangeError) {
    return new TemplateError(template, 'the template is nested too deeply, or its result is too long');
  }
  throw error;
}
