import Handlebars from 'handlebars';
import { asItIs, type Place, TAGS_MAX } from './check-template.ts';
import { TemplateError } from './template-error.ts';

/** One pair of braces with what is in it. */
interface Tag {
  readonly text: string;
  readonly offset: number;
  /** Whether its closing braces are there. */
  readonly closed: boolean;
}

/** Faults that are told of. */
const FAULTS_MAX = 20;
const TAG_SHOWN_MAX = 60;

/**
 * Says what is wrong with a template that Handlebars cannot parse: every tag by itself, then how blocks open and close.
 * Most such tags are meant for another program, whose templates have braces too, so every message says how to write
 * them. Handlebars itself stops at the first fault and names tokens of its grammar and no column.
 */
export function explainSyntax(name: string, source: string, reason?: Error): TemplateError {
  const faults: TemplateError[] = [];
  const open: { tag: Tag; block: string }[] = [];
  const lines = new LineIndex(source);
  const isGo = hasGoTags(source);
  const fail = (tag: Tag, message: string): void => {
    if (faults.length < FAULTS_MAX) faults.push(new TemplateError(name, message, lines.placeOf(tag.offset)));
  };
  let tags = 0;
  for (const tag of tagsOf(source)) {
    if (++tags > TAGS_MAX) break;
    const inner = tag.text.replace(/^\{\{\{?~?\s*|\s*~?\}?\}\}$/g, '');
    const advice = tag.closed
      ? findFault(tag, inner, source, isGo)
      : `{{ is not closed by }}; ${asItIs('{{')}`;
    if (advice !== undefined) fail(tag, advice);
    if (inner.startsWith('#')) open.push({ tag, block: /^#\s*([^\s}|(]*)/.exec(inner)?.[1] ?? '' });
    else if (advice !== undefined) continue;
    else if (inner.startsWith('/')) {
      const block = inner.slice(1).trim();
      const opened = open.pop();
      if (opened === undefined) fail(tag, `{{/${block}}} closes a block that nothing opens`);
      else if (opened.block !== block) {
        fail(
          tag,
          `{{/${block}}} stands where {{/${opened.block}}} closes the block of line ${lines.placeOf(opened.tag.offset).line}`,
        );
      }
    } else if (/^(else\b|\^)/.test(inner) && open.length === 0) {
      fail(
        tag,
        `${show(tag)} stands alone: it belongs between {{#if ...}} and {{/if}}; ${asItIs(show(tag))}`,
      );
    }
  }
  if (faults.length === 0) {
    for (const { tag, block } of open) fail(tag, `${show(tag)} is not closed: write {{/${block}}} after it`);
  }
  const [first, ...further] = faults;
  if (first !== undefined) return first.with(further);
  // Handlebars recurses for nested blocks.
  if (reason instanceof RangeError) return new TemplateError(name, 'blocks are nested too deeply');
  const line = Number(/^(?:Parse|Lexical) error on line (\d+)/.exec(reason?.message ?? '')?.[1] ?? 1);
  return new TemplateError(name, `this is not a template; ${asItIs('braces')}`, { line, column: 1 });
}

/**
 * Whether a template has a field as Go writes it, `{{json .Config}}`, which Handlebars would read as the path
 * `json.Config`.
 */
export function hasGoFields(source: string): boolean {
  if (!/\{\{[^}]*[\s(]\.[A-Za-z]/.test(source)) return false;
  for (const { text } of tagsOf(source)) if (hasGoField(text)) return true;
  return false;
}

/** Keywords of Go templates, which are variables and helpers where Handlebars reads them. */
const GO_KEYWORD = /^(?:end|break|continue|(?:block|define|if|range|template|with)\s.*)$/s;

/** Whether a template that Handlebars cannot parse has tags that only Go has: fields, assignments, trimmed blanks. */
function hasGoTags(source: string): boolean {
  for (const { text } of tagsOf(source)) if (hasGoField(text) || /^\{\{-?\s*\.\w|:=/.test(text)) return true;
  return false;
}

function hasGoField(text: string): boolean {
  return /[\s(]\.[A-Za-z]/.test(text.replace(/"[^"\n]*"|'[^'\n]*'/g, ''));
}

/** All tags but comments; a backslash before the braces makes them text. */
function* tagsOf(source: string): Generator<Tag> {
  let from = 0;
  for (;;) {
    const offset = source.indexOf('{{', from);
    if (offset < 0) return;
    const comment = /^\{\{~?!(--)?/.exec(source.slice(offset, offset + 6));
    if (comment !== null) {
      const end = source.indexOf(comment[1] === undefined ? '}}' : '--', offset + comment[0].length);
      if (end < 0) return;
      from = end + 2;
      continue;
    }
    // Two backslashes are a backslash before a tag.
    const isEscaped = source[offset - 1] === '\\' && source[offset - 2] !== '\\';
    if (isEscaped) {
      from = offset + 2;
      continue;
    }
    const end = endOfTag(source, offset);
    yield { text: source.slice(offset, end ?? source.length), offset, closed: end !== undefined };
    if (end === undefined) return;
    from = end;
  }
}

/** The offset after the closing braces. Braces within quotes are skipped only if the quotes close on the same line. */
function endOfTag(source: string, offset: number): number | undefined {
  const triple = source.startsWith('{{{', offset) && !source.startsWith('{{{{', offset);
  const closing = triple ? '}}}' : '}}';
  const pattern = /"[^"\n]*"|'[^'\n]*'|\}\}/g;
  pattern.lastIndex = offset + (triple ? 3 : 2);
  for (let match = pattern.exec(source); match !== null; match = pattern.exec(source)) {
    if (match[0] !== '}}') continue;
    if (source.startsWith(closing, match.index)) return match.index + closing.length;
    return match.index + 2;
  }
  return undefined;
}

/** What is wrong with a single tag, and what to write instead; undefined if it is valid. */
function findFault(tag: Tag, inner: string, source: string, isGo: boolean): string | undefined {
  const end = tag.offset + tag.text.length;
  const shown = show(tag);
  if (source[end] === '}' && !tag.text.startsWith('{{{') && parses(tag.text, inner)) {
    return `${shown} has a third brace behind it, which Handlebars takes for part of the tag: write ${shown} }, with a blank`;
  }
  if (tag.text.startsWith('{{{{')) return `four braces begin nothing here; ${asItIs(shown)}`;
  if (tag.text.startsWith('{{{') && !tag.text.endsWith('}}}')) {
    return `three braces begin ${shown}: write { ${shown.slice(1)}, with a blank; ${asItIs(shown)}`;
  }
  const advice = asItIs(shown);
  const go = `${shown} is a template of Go, and not of Handlebars; ${advice}`;
  if (hasGoField(inner) || (isGo && GO_KEYWORD.test(inner))) return go;
  if (parses(tag.text, inner)) return undefined;
  const [, variable] = /^\.([A-Za-z_][\w.]*)$/.exec(inner) ?? [];
  if (variable !== undefined) return `${shown} is not a variable; write {{${variable}}}; ${advice}`;
  if (/^-?\s*[.$]|^-|-$|:=|`/.test(inner)) return go;
  const piped = /^([\w.@/]+)\s*\|\s*(\w+)/.exec(inner);
  if (piped !== null) return `helpers come first: write {{${piped[2]} ${piped[1]}}}; ${advice}`;
  const item = /^(.*?\b[\w-]+)\.(\d+)\b/.exec(inner);
  if (item !== null) {
    const [, list = '', index = '0'] = item;
    return `an item of a list is written {{lookup ${list.split(/[\s(]/).at(-1) ?? ''} ${index}}}; ${advice}`;
  }
  if (/^(else\b|\^)/.test(inner)) return undefined;
  return `${shown} is not an expression of Handlebars; ${advice}`;
}

/** Whether Handlebars parses a tag that stands alone; of blocks their first and last tags. */
function parses(text: string, inner: string): boolean {
  if (/^\/[^\s{}|()"'=]+$/.test(inner)) return true;
  if (/^(else|\^)$/.test(inner)) return true;
  const chained = /^else\s+(.*)$/s.exec(inner);
  const block = chained?.[1] ?? /^#(.*)$/s.exec(inner)?.[1];
  const name = block === undefined ? undefined : (/^\s*([^\s}|(]*)/.exec(block)?.[1] ?? '');
  const whole = block === undefined ? text : `{{#${block}}}{{/${name}}}`;
  try {
    Handlebars.parseWithoutProcessing(whole);
    return true;
  } catch {
    return false;
  }
}

function show({ text }: Tag): string {
  const [line = ''] = text.split('\n');
  return line.length > TAG_SHOWN_MAX || line !== text ? `${line.slice(0, TAG_SHOWN_MAX)}...` : line;
}

class LineIndex {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  placeOf(offset: number): Place {
    const before = this.#source.slice(0, offset).split('\n');
    return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
  }
}
