import { COMPARISON_HELPERS } from './comparison-helpers.ts';
import { VALUE_HELPERS } from './template-helpers.ts';
import { TemplateError } from './template-error.ts';

/** Helpers as messages list them: first those that return texts, then those that compare. */
const COMPARISON_NAMES = Object.keys(COMPARISON_HELPERS).sort();
const HELPER_NAMES = [...Object.keys(VALUE_HELPERS), 'lookup']
  .filter((name) => !COMPARISON_NAMES.includes(name))
  .sort();
/** Blocks; all take one argument. */
export const BLOCK_HELPERS: ReadonlySet<string> = new Set(['if', 'unless', 'with', 'each']);
/** Wraps every variable that is printed. Templates cannot name it, because it contains a blank. */
export const PRINT_HELPER = 'railhead print';
/** Wraps every variable that is an argument. */
export const GET_HELPER = 'railhead get';
/** The same where a variable may be missing. */
export const FIND_HELPER = 'railhead find';
/** `lookup` where the key may be missing. */
export const LENIENT_LOOKUP = 'railhead lookup';

/** Property names that every object inherits. */
const INHERITED_NAMES: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));
/** The loop variables, and @root. */
const DATA_NAMES: ReadonlySet<string> = new Set(['root', 'key', 'index', 'first', 'last']);
/** Nesting of blocks and helpers; Handlebars takes time quadratic in the depth. */
const DEPTH_MAX = 50;
/** Tags of one template and its partials; Handlebars uses a megabyte for about twenty. */
export const TAGS_MAX = 5000;

/** A place in a template, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The arguments of each helper call as written, by the place of the call; used in messages. */
export type ArgumentNames = Map<string, readonly string[]>;

/** The key of a call in ArgumentNames. */
export function callKey(loc: { source?: string; start: { line: number; column: number } }): string {
  return `${loc.source ?? ''}:${loc.start.line}:${loc.start.column}`;
}

/** State that is shared by the checks of a template and its partials. */
export interface TemplateCheck {
  readonly argumentNames: ArgumentNames;
  /** Helpers that are called. */
  readonly helpers: Set<string>;
  /** Tags so far. */
  tags: number;
  /** Compiles a partial when it is met for the first time; throws TemplateError. */
  readonly onPartial: (name: string, place: Place) => void;
}

interface Call extends hbs.AST.Node {
  path: hbs.AST.Expression;
  params: hbs.AST.Expression[];
  hash?: { pairs: (hbs.AST.Node & { key: string; value: hbs.AST.Expression })[] };
}

/**
 * Walks a parsed template. Reports all faults that do not depend on the variables, and wraps variables in helpers that
 * report what is missing, where Handlebars itself would print nothing or `[object Object]`. Throws TemplateError.
 */
export function checkTemplate(program: hbs.AST.Program, template: string, check: TemplateCheck): void {
  const faults: TemplateError[] = [];
  const fail = (message: string, node: hbs.AST.Node): void => {
    faults.push(new TemplateError(template, message, placeOf(node)));
  };
  const walk = new TemplateWalk(
    fail,
    (name, node) => {
      try {
        check.onPartial(name, placeOf(node));
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        faults.push(...error.all());
      }
    },
    check,
  );
  walk.program(program, 0);
  const [first, ...further] = faults;
  if (first !== undefined) throw first.with(further);
}

class TemplateWalk {
  readonly #fail: (message: string, node: hbs.AST.Node) => void;
  readonly #onPartial: (name: string, node: hbs.AST.Node) => void;
  readonly #check: TemplateCheck;
  #ended = false;

  constructor(
    fail: (message: string, node: hbs.AST.Node) => void,
    onPartial: (name: string, node: hbs.AST.Node) => void,
    check: TemplateCheck,
  ) {
    this.#fail = fail;
    this.#onPartial = onPartial;
    this.#check = check;
  }

  program(program: hbs.AST.Program, depth: number): void {
    for (const statement of program.body) {
      if (this.#ended) return;
      if (statement.type === 'ContentStatement' || statement.type === 'CommentStatement') continue;
      if (++this.#check.tags > TAGS_MAX) {
        this.#end(`a template and its partials may have at most ${TAGS_MAX} tags`, statement);
        return;
      }
      this.#statement(statement, depth);
    }
  }

  #statement(statement: hbs.AST.Statement, depth: number): void {
    switch (statement.type) {
      case 'MustacheStatement':
        this.#mustache(statement as unknown as Call, depth);
        return;
      case 'BlockStatement':
        this.#block(statement as hbs.AST.BlockStatement, depth);
        return;
      case 'PartialStatement':
        this.#partial(statement as hbs.AST.PartialStatement, depth);
        return;
      case 'PartialBlockStatement':
        this.#fail('partial blocks are not supported; include the partial with {{> name}}', statement);
        return;
      default:
        this.#fail('decorators are not supported', statement);
    }
  }

  #mustache(call: Call, depth: number): void {
    if (call.path.type !== 'PathExpression') {
      this.#fail(`a literal needs no braces; ${asItIs('these braces')}`, call);
      return;
    }
    const path = call.path as hbs.AST.PathExpression;
    if (call.params.length === 0 && call.hash === undefined) {
      call.params = this.#variable(path) ?? [];
      call.loc = path.loc;
    } else {
      const inner = { type: 'SubExpression', path, params: call.params, hash: call.hash, loc: call.loc };
      this.#helper(inner as unknown as Call, depth, false);
      call.params = [inner, textLiteral(`(${path.original} ...)`, call)];
      delete call.hash;
    }
    call.path = this.#helperPath(PRINT_HELPER, call);
  }

  #block(block: hbs.AST.BlockStatement, depth: number): void {
    if (depth >= DEPTH_MAX) {
      this.#end(`blocks may be nested ${DEPTH_MAX} deep`, block);
      return;
    }
    const call = block as unknown as Call;
    const name = pathName(call.path);
    if (!BLOCK_HELPERS.has(name)) {
      const blocks = [...BLOCK_HELPERS].join(', ');
      this.#fail(`there is no block "${name}"; there are ${blocks}; ${asItIs(`{{#${name}`)}`, block);
    } else if (call.params.length !== 1) {
      this.#fail(`"${name}" takes one argument, and here it has ${call.params.length}`, block);
    } else {
      this.#check.helpers.add(name);
      this.#checkOptions(call, name, name === 'if' || name === 'unless' ? ['includeZero'] : []);
      // `{{#each (lookup a "b")}}` is the way to loop over a list that may not be there.
      const isLookup =
        call.params[0]?.type === 'SubExpression' &&
        pathName((call.params[0] as unknown as Call).path) === 'lookup';
      this.#arguments(call, depth, name === 'if' || name === 'unless' || isLookup);
    }
    // Neither type is optional, but `{{^if a}}` has only an inverse, and a block without {{else}} only a program.
    const program = block.program as hbs.AST.Program | undefined;
    if (program !== undefined) this.program(program, depth + 1);
    const inverse = block.inverse as hbs.AST.Program | undefined;
    if (inverse !== undefined) {
      const [only] = inverse.body;
      const isChained =
        (inverse as { chained?: boolean }).chained === true && only?.type === 'BlockStatement';
      this.program(inverse, isChained ? depth : depth + 1);
    }
  }

  #partial(statement: hbs.AST.PartialStatement, depth: number): void {
    if (statement.name.type !== 'PathExpression') {
      this.#fail('a partial is named by a plain word', statement);
      return;
    }
    if (statement.params.length > 1) this.#fail('a partial takes one context at most', statement);
    const call = statement as unknown as Call;
    call.params = call.params.map((param) => this.#argument(param, depth, false));
    for (const pair of call.hash?.pairs ?? []) pair.value = this.#argument(pair.value, depth, false);
    this.#onPartial(statement.name.original, statement);
  }

  /** A call of a helper that makes a value. */
  #helper(call: Call, depth: number, lenient: boolean): void {
    if (depth >= DEPTH_MAX) {
      this.#end(`helpers may be nested ${DEPTH_MAX} deep`, call);
      return;
    }
    const name = pathName(call.path);
    if (name === 'lookup') {
      if (call.params.length !== 2) this.#fail('"lookup" takes a list or mapping, and a key', call);
      this.#checkOptions(call, name, []);
      this.#arguments(call, depth, lenient);
      call.path = this.#helperPath(lenient ? LENIENT_LOOKUP : name, call);
      return;
    }
    const helper = Object.hasOwn(VALUE_HELPERS, name) ? VALUE_HELPERS[name] : undefined;
    if (helper === undefined) {
      if (BLOCK_HELPERS.has(name)) {
        this.#fail(`"${name}" is a block: {{#${name} ...}} ... {{/${name}}}`, call);
      } else {
        const known = [...HELPER_NAMES, ...COMPARISON_NAMES].join(', ');
        this.#fail(`there is no helper "${name}"; there are ${known}; ${asItIs(`{{${name}`)}`, call);
      }
      return;
    }
    const [least, most] = helper.arity;
    const count = call.params.length;
    if (count < least || count > most) {
      const takes = least === most ? String(least) : `${least} to ${most}`;
      this.#fail(`"${name}" takes ${takes} argument${most === 1 ? '' : 's'}, and here it has ${count}`, call);
    }
    if (name === 'required' && call.params[1] !== undefined && call.params[1].type !== 'StringLiteral') {
      this.#fail('"required" takes its message as a text in quotes', call);
    }
    this.#check.helpers.add(name);
    this.#checkOptions(call, name, helper.options ?? []);
    this.#arguments(call, depth, helper.lenient === true);
  }

  #checkOptions(call: Call, name: string, known: readonly string[]): void {
    for (const { key } of call.hash?.pairs ?? []) {
      if (known.includes(key)) continue;
      const have = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
      this.#fail(`"${name}" has no option "${key}"; ${have}`, call);
    }
  }

  #arguments(call: Call, depth: number, lenient: boolean): void {
    this.#check.argumentNames.set(callKey(call.loc), call.params.map(expressionName));
    call.params = call.params.map((param) => this.#argument(param, depth, lenient));
    for (const pair of call.hash?.pairs ?? []) pair.value = this.#argument(pair.value, depth, false);
  }

  #argument(param: hbs.AST.Expression, depth: number, lenient: boolean): hbs.AST.Expression {
    if (param.type === 'SubExpression') {
      const call = param as unknown as Call;
      this.#helper(call, depth + 1, lenient);
      return param;
    }
    if (param.type !== 'PathExpression') return param;
    const params = this.#variable(param as hbs.AST.PathExpression);
    if (params === undefined) return param;
    const path = this.#helperPath(lenient ? FIND_HELPER : GET_HELPER, param);
    return { type: 'SubExpression', path, params, loc: param.loc } as unknown as hbs.AST.Expression;
  }

  /**
   * `a.b.c` as arguments of a helper: the value of `a`, which Handlebars finds by its own scope rules, the path as
   * written, and the rest of the path. Undefined if the path is refused.
   */
  #variable(path: hbs.AST.PathExpression): hbs.AST.Expression[] | undefined {
    const inherited = path.parts.find((part) => INHERITED_NAMES.has(part));
    if (inherited !== undefined) {
      this.#fail(`"${inherited}" cannot be the name of a variable`, path);
      return undefined;
    }
    const [first, ...rest] = path.parts;
    if (path.data && !(first !== undefined && DATA_NAMES.has(first))) {
      this.#fail(`there is no "@${first ?? ''}"; there are @root, @key, @index, @first and @last`, path);
      return undefined;
    }
    if (first === undefined) return [path, textLiteral(path.original, path)];
    const isScoped = /^\.|^this\b/.test(path.original);
    const head = { ...path, parts: [first], original: isScoped ? `./${first}` : first };
    return [head, textLiteral(path.original, path), ...rest.map((part) => textLiteral(part, path))];
  }

  #helperPath(name: string, { loc }: hbs.AST.Node): hbs.AST.PathExpression {
    this.#check.helpers.add(name);
    const path = { type: 'PathExpression', data: false, depth: 0, parts: [name], original: name, loc };
    return path as unknown as hbs.AST.PathExpression;
  }

  /** Reports a fault that makes further checks pointless or too costly. */
  #end(message: string, node: hbs.AST.Node): void {
    if (!this.#ended) this.#fail(message, node);
    this.#ended = true;
  }
}

/** How to write braces that Railhead should not interpret. */
export function asItIs(braces: string): string {
  return `to have ${braces} in the file as ${braces.startsWith('{{') ? 'it is' : 'they are'}, write \\{{`;
}

function pathName(path: hbs.AST.Expression): string {
  return path.type === 'PathExpression' ? (path as hbs.AST.PathExpression).original : '';
}

function expressionName(expression: hbs.AST.Expression): string {
  switch (expression.type) {
    case 'PathExpression':
      return (expression as hbs.AST.PathExpression).original;
    case 'SubExpression':
      return `(${pathName((expression as hbs.AST.SubExpression).path)} ...)`;
    default:
      return String((expression as hbs.AST.StringLiteral).original);
  }
}

function textLiteral(value: string, { loc }: hbs.AST.Node): hbs.AST.StringLiteral {
  return { type: 'StringLiteral', value, original: value, loc };
}

function placeOf(node: hbs.AST.Node): Place {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}
