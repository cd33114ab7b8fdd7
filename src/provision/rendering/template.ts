import Handlebars, { type HelperDelegate } from 'handlebars';
import { HelperError, LENIENT_HELPERS, newRenderBudget, TEMPLATE_HELPERS } from './template-helpers.ts';
import { TemplateError } from './template-error.ts';

/** Characters that one rendering may produce. */
const OUTPUT_MAX = 16 * 1024 * 1024;

/** The variables that a template sees. */
export type TemplateVariables = Readonly<Record<string, unknown>>;

/** A compiled template. */
export interface Template {
  readonly name: string;
  /** Throws TemplateError, naming the variable that is missing. */
  render(variables: TemplateVariables): string;
}

/** A partial's source by the name that templates use; undefined if there is none. */
export type FindPartial = (name: string) => { readonly name: string; readonly source: string } | undefined;

const BLOCK_HELPERS: ReadonlySet<string> = new Set(['if', 'unless', 'with', 'each']);
const KNOWN_HELPERS: ReadonlySet<string> = new Set([
  ...BLOCK_HELPERS,
  'lookup',
  ...Object.keys(TEMPLATE_HELPERS),
]);
/** Names that every object answers to, though nobody defined them. */
const INHERITED_NAMES: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));
/** Stands around every plain variable; no template can name it. */
const PRINT_HELPER = 'railhead print';
/** What is called though no template says so: `unless` calls `if`. */
const IMPLICIT_HELPERS: ReadonlySet<string> = new Set([
  PRINT_HELPER,
  'if',
  'lookup',
  'helperMissing',
  'blockHelperMissing',
]);

/**
 * Compiles a Handlebars template in strict mode: a missing variable and an unknown helper are errors, and nothing is
 * escaped, since configs are not HTML. Prototypes are out of reach, partials come from `findPartial` alone and may not
 * include themselves, and loops are bounded, so that every rendering ends.
 * Throws TemplateError with line and column.
 */
export function compileTemplate(name: string, source: string, findPartial: FindPartial): Template {
  // Most arguments of a kernel are plain text.
  if (!source.includes('{{')) return { name, render: () => source };
  const environment = Handlebars.create();
  environment.unregisterHelper('log');
  for (const [helper, run] of Object.entries({ ...TEMPLATE_HELPERS, [PRINT_HELPER]: printVariable })) {
    environment.registerHelper(helper, withPlace(run));
  }
  const sources = [source];
  const findAndKeep: FindPartial = (partial) => {
    const found = findPartial(partial);
    if (found !== undefined) sources.push(found.source);
    return found;
  };
  const template = compileInto(environment, name, source, findAndKeep, []);
  // Handlebars wraps every helper anew for each rendering, those that nobody calls, too.
  for (const helper of Object.keys(environment.helpers)) {
    if (!IMPLICIT_HELPERS.has(helper) && !sources.some((text) => text.includes(helper)))
      environment.unregisterHelper(helper);
  }
  return {
    name,
    render(variables) {
      try {
        const output = template(variables, {
          data: { budget: newRenderBudget() },
          allowProtoPropertiesByDefault: false,
          allowProtoMethodsByDefault: false,
        });
        if (output.length > OUTPUT_MAX)
          throw new HelperError(`the result has more than ${OUTPUT_MAX} characters`);
        return output;
      } catch (error) {
        throw toTemplateError(name, error);
      }
    },
  };
}

function compileInto(
  environment: typeof Handlebars,
  name: string,
  source: string,
  findPartial: FindPartial,
  parents: readonly string[],
): HandlebarsTemplateDelegate {
  let program: hbs.AST.Program;
  try {
    program = environment.parse(source);
  } catch (error) {
    throw toTemplateError(name, error);
  }
  checkProgram(program, name, (partial, place) => {
    if (parents.includes(partial) || partial === name) {
      throw new TemplateError(name, `partial "${partial}" includes itself`, place);
    }
    const found = findPartial(partial);
    if (found === undefined)
      throw new TemplateError(name, `there is no partial "${partial}" in profiles/`, place);
    const compiled = compileInto(environment, found.name, found.source, findPartial, [
      ...parents,
      name,
      partial,
    ]);
    environment.registerPartial(partial, nameErrors(found.name, compiled));
  });
  try {
    return environment.compile(program, {
      strict: true,
      noEscape: true,
      preventIndent: true,
      knownHelpersOnly: true,
      knownHelpers: Object.fromEntries([...KNOWN_HELPERS, PRINT_HELPER].map((helper) => [helper, true])),
    });
  } catch (error) {
    throw toTemplateError(name, error);
  }
}

/** The same template, whose errors name it, and not the template that includes it. */
function nameErrors(name: string, template: HandlebarsTemplateDelegate): HandlebarsTemplateDelegate {
  return (context, options) => {
    try {
      return template(context, options);
    } catch (error) {
      throw toTemplateError(name, error);
    }
  };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Walks the program, makes arguments of helpers as strict as plain variables (Handlebars lets them be missing), and
 * refuses what cannot be checked beforehand.
 */
function checkProgram(
  program: hbs.AST.Program,
  template: string,
  onPartial: (name: string, place: Place) => void,
): void {
  const visitor = new Handlebars.Visitor();
  visitor.PartialStatement = function (statement: hbs.AST.PartialStatement) {
    if (statement.name.type !== 'PathExpression') {
      throw new TemplateError(template, 'a partial is named by a plain word', placeOf(statement));
    }
    onPartial(statement.name.original, placeOf(statement));
    Handlebars.Visitor.prototype.PartialStatement.call(this, statement);
  };
  visitor.PartialBlockStatement = (statement: hbs.AST.PartialBlockStatement) => {
    throw new TemplateError(template, 'partial blocks are not supported', placeOf(statement));
  };
  visitor.DecoratorBlock = visitor.Decorator = (statement: hbs.AST.Node) => {
    throw new TemplateError(template, 'decorators are not supported', placeOf(statement));
  };
  const generated = new WeakSet<object>();
  const checkCall = (call: Call, isBlock: boolean): void => {
    if (generated.has(call)) return;
    const helper = call.path.type === 'PathExpression' ? (call.path as hbs.AST.PathExpression).original : '';
    const isCall = call.params.length > 0 || call.hash !== undefined;
    if ((isCall || isBlock) && !KNOWN_HELPERS.has(helper)) {
      const known = [...KNOWN_HELPERS].sort().join(', ');
      throw new TemplateError(template, `there is no helper "${helper}"; there are ${known}`, placeOf(call));
    }
    if (!isCall && KNOWN_HELPERS.has(helper)) {
      throw new TemplateError(template, `helper "${helper}" needs arguments`, placeOf(call));
    }
    if (isCall && !isBlock && BLOCK_HELPERS.has(helper)) {
      throw new TemplateError(
        template,
        `"${helper}" is a block: {{#${helper} ...}} ... {{/${helper}}}`,
        placeOf(call),
      );
    }
    const lenient = LENIENT_HELPERS.has(helper);
    call.params = call.params.map((param) => (lenient ? makeLenient(param, generated) : makeStrict(param)));
    for (const pair of call.hash?.pairs ?? []) pair.value = makeStrict(pair.value);
  };
  visitor.PathExpression = (path: hbs.AST.PathExpression) => {
    const inherited = path.parts.find((part) => INHERITED_NAMES.has(part));
    if (inherited !== undefined) {
      throw new TemplateError(template, `"${inherited}" cannot be the name of a variable`, placeOf(path));
    }
  };
  for (const kind of ['MustacheStatement', 'BlockStatement', 'SubExpression'] as const) {
    visitor[kind] = function (node: hbs.AST.Node) {
      checkCall(node as unknown as Call, kind === 'BlockStatement');
      (Handlebars.Visitor.prototype[kind] as (node: hbs.AST.Node) => void).call(this, node);
      if (kind === 'MustacheStatement') printThroughHelper(node as unknown as Call);
    };
  }
  visitor.accept(program);
}

interface Call extends hbs.AST.Node {
  path: hbs.AST.Node;
  params: hbs.AST.Expression[];
  hash?: { pairs: { value: hbs.AST.Expression }[] };
}

/** `{{a}}` becomes a call that refuses what has no text, where Handlebars would write `[object Object]`. */
function printThroughHelper(statement: Call): void {
  if (statement.path.type !== 'PathExpression' || statement.params.length > 0 || statement.hash !== undefined)
    return;
  const variable = makeStrict(statement.path);
  statement.params = [variable];
  statement.path = {
    type: 'PathExpression',
    data: false,
    depth: 0,
    parts: [PRINT_HELPER],
    original: PRINT_HELPER,
    loc: statement.loc,
  } as unknown as hbs.AST.PathExpression;
}

function printVariable(value: unknown): unknown {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object' && typeof value !== 'function') return value;
  throw new HelperError(
    `a ${Array.isArray(value) ? 'list' : 'mapping'} has no text: use {{json ...}} or {{#each ...}}`,
  );
}

/** The same helper, whose errors say where in the template it was called. */
function withPlace(helper: HelperDelegate): HelperDelegate {
  return function (this: unknown, ...args: unknown[]): unknown {
    try {
      // Handlebars' types stop at five arguments, which is more than any helper here takes.
      return helper.apply(this, args as Parameters<HelperDelegate>);
    } catch (error) {
      const options = args.at(-1) as { loc?: { start: Place } } | undefined;
      if (error instanceof HelperError) error.place ??= options?.loc?.start;
      throw error;
    }
  };
}

function makeStrict(param: hbs.AST.Expression): hbs.AST.Expression {
  if (param.type === 'PathExpression') (param as hbs.AST.PathExpression & { strict?: boolean }).strict = true;
  return param;
}

/** `a.b.c` becomes `(lookup (lookup a "b") "c")`, which is undefined where any part of the way is missing. */
function makeLenient(param: hbs.AST.Expression, generated: WeakSet<object>): hbs.AST.Expression {
  if (param.type !== 'PathExpression') return param;
  const path = param as hbs.AST.PathExpression;
  const [first, ...rest] = path.parts;
  if (first === undefined || rest.length === 0) return param;
  const { loc } = path;
  let expression: hbs.AST.Expression = {
    ...path,
    original: first,
    parts: [first],
  } as hbs.AST.PathExpression;
  for (const part of rest) {
    expression = {
      type: 'SubExpression',
      path: { type: 'PathExpression', data: false, depth: 0, parts: ['lookup'], original: 'lookup', loc },
      params: [expression, { type: 'StringLiteral', value: part, original: part, loc }],
      loc,
    } as unknown as hbs.AST.SubExpression;
    generated.add(expression);
  }
  return expression;
}

function placeOf(node: hbs.AST.Node): Place {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}

function toTemplateError(template: string, error: unknown): TemplateError {
  if (error instanceof TemplateError) return error;
  if (error instanceof HelperError) {
    const { place } = error;
    return new TemplateError(
      template,
      error.message,
      place && { line: place.line, column: place.column + 1 },
    );
  }
  if (!(error instanceof Error)) throw error;
  const raised = error as Error & {
    lineNumber?: number;
    column?: number;
    hash?: { loc?: { last_line: number; last_column: number } };
  };
  const missing = /^"(.*)" not defined in /.exec(error.message)?.[1];
  if (missing !== undefined) {
    return new TemplateError(template, `"${missing}" is not defined`, placeOfException(raised));
  }
  // Handlebars walks `a.b` without looking whether there is an `a`.
  const through = /^Cannot read properties of (undefined|null) \(reading '(.*)'\)/.exec(error.message);
  if (through !== null) {
    return new TemplateError(template, `"${through[2]}" is asked of something that is not defined`);
  }
  const syntax = /^Parse error on line (\d+):\n([\s\S]*)$/.exec(error.message);
  if (syntax !== null) {
    const [, line] = syntax;
    const expecting = /Expecting (.*), got '(.*)'$/m.exec(error.message);
    const reason = expecting === null ? 'unexpected text' : `unexpected ${describeToken(expecting[2] ?? '')}`;
    const at = raised.hash?.loc;
    return new TemplateError(template, `template syntax: ${reason}`, {
      line: Number(line),
      column: at === undefined ? 1 : at.last_column + 1,
    });
  }
  const [firstLine = ''] = error.message.split('\n');
  return new TemplateError(template, firstLine.replace(/ - \d+:\d+$/, ''), placeOfException(raised));
}

function placeOfException(error: { lineNumber?: number; column?: number }): Place | undefined {
  return error.lineNumber === undefined
    ? undefined
    : { line: error.lineNumber, column: (error.column ?? 0) + 1 };
}

function describeToken(token: string): string {
  const words: Readonly<Record<string, string>> = {
    EOF: 'end, a block or an expression is not closed',
    INVALID: 'character',
    OPEN_ENDBLOCK: 'closing tag',
    CLOSE: 'end of an expression',
  };
  return words[token] ?? token;
}
