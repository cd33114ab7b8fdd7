import type { Mark } from './cursor.ts';
import type { MappingNode, SequenceNode, YamlNode, YamlPair } from './node.ts';
import { Scanner } from './scanner.ts';
import type { Token, TokenType } from './token.ts';
import { YamlError } from './yaml-error.ts';

/**
 * Parses the first document of a YAML 1.1 stream, as go-yaml does: anything after that document is ignored. Returns
 * undefined if there is none. Throws YamlError. Nesting costs memory, not stack.
 */
export function parseYaml(text: string): YamlNode | undefined {
  return new DocumentParser(text).parse();
}

/** What a collection expects next. The names are those of the productions of YAML 1.1. */
type Expectation =
  | 'block-entry'
  | 'indentless-entry'
  | 'block-key'
  | 'block-value'
  | 'flow-entry'
  | 'flow-first-entry'
  | 'pair-key'
  | 'pair-value'
  | 'pair-end'
  | 'flow-key'
  | 'flow-first-key'
  | 'flow-value'
  | 'flow-no-value';

/** A collection that is not finished yet. */
interface OpenCollection {
  expects: Expectation;
  readonly node: MappingNode | SequenceNode;
  /** Where it began, for errors. */
  readonly start: Mark;
  /** The key of a mapping whose value was not read yet. */
  key: YamlNode | undefined;
}

interface NodeProperties {
  readonly start: Mark;
  readonly anchor: string;
  readonly tag: string;
}

const TAG_PREFIX = 'tag:yaml.org,2002:';

class DocumentParser {
  readonly #scanner: Scanner;
  readonly #open: OpenCollection[] = [];
  readonly #anchors = new Map<string, YamlNode>();
  readonly #tagHandles = new Map<string, string>();
  #root: YamlNode | undefined;

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  parse(): YamlNode | undefined {
    if (!this.#startDocument()) return undefined;
    for (let collection = this.#open.at(-1); collection; collection = this.#open.at(-1)) {
      this.#continueCollection(collection);
    }
    this.#scanner.peek();
    return this.#root;
  }

  /** Reads directives, the document's marker if it has one, and its first node; false at the end of the stream. */
  #startDocument(): boolean {
    let token = this.#scanner.peek();
    if (token.type === 'stream-end') return false;
    const explicit =
      token.type === 'document-start' || token.type === 'version-directive' || token.type === 'tag-directive';
    token = this.#readDirectives();
    if (explicit) {
      if (token.type !== 'document-start') throw parserError('did not find expected <document start>', token);
      this.#scanner.next();
      token = this.#scanner.peek();
      if (DOCUMENT_BOUNDARIES.has(token.type)) {
        this.#addEmpty(token);
        return true;
      }
    }
    this.#readNode('block');
    return true;
  }

  #readDirectives(): Token {
    let versionSeen = false;
    let token = this.#scanner.peek();
    for (
      ;
      token.type === 'version-directive' || token.type === 'tag-directive';
      token = this.#scanner.peek()
    ) {
      if (token.type === 'version-directive') {
        if (versionSeen) throw parserError('found duplicate %YAML directive', token);
        if (token.value !== '1.1') throw parserError('found incompatible YAML document', token);
        versionSeen = true;
      } else {
        if (this.#tagHandles.has(token.value)) throw parserError('found duplicate %TAG directive', token);
        this.#tagHandles.set(token.value, token.suffix);
      }
      this.#scanner.next();
    }
    if (!this.#tagHandles.has('!')) this.#tagHandles.set('!', '!');
    if (!this.#tagHandles.has('!!')) this.#tagHandles.set('!!', TAG_PREFIX);
    return token;
  }

  #continueCollection(collection: OpenCollection): void {
    switch (collection.expects) {
      case 'block-entry':
        this.#readBlockEntry(collection);
        return;
      case 'indentless-entry':
        this.#readIndentlessEntry(collection);
        return;
      case 'block-key':
        this.#readBlockKey(collection);
        return;
      case 'block-value':
        this.#readBlockValue(collection);
        return;
      case 'flow-first-entry':
      case 'flow-entry':
        this.#readFlowEntry(collection);
        return;
      case 'pair-key':
        this.#readPairKey(collection);
        return;
      case 'pair-value':
        this.#readPairValue(collection);
        return;
      case 'pair-end':
        this.#scanner.peek();
        this.#open.pop();
        return;
      case 'flow-first-key':
      case 'flow-key':
        this.#readFlowKey(collection);
        return;
      case 'flow-value':
        this.#readFlowValue(collection);
        return;
      case 'flow-no-value':
        collection.expects = 'flow-key';
        this.#addEmpty(this.#scanner.peek());
    }
  }

  #readBlockEntry(collection: OpenCollection): void {
    const token = this.#scanner.peek();
    if (token.type === 'block-end') {
      this.#scanner.next();
      this.#open.pop();
      return;
    }
    if (token.type !== 'block-entry') {
      throw parserError("did not find expected '-' indicator", token, collection.start);
    }
    this.#readAfterIndicator(token, NO_BLOCK_ENTRY, 'block');
  }

  #readIndentlessEntry(collection: OpenCollection): void {
    const token = this.#scanner.peek();
    if (token.type !== 'block-entry') {
      this.#open.pop();
      return;
    }
    collection.expects = 'indentless-entry';
    this.#readAfterIndicator(token, NO_INDENTLESS_ENTRY, 'block');
  }

  #readBlockKey(collection: OpenCollection): void {
    const token = this.#scanner.peek();
    if (token.type === 'block-end') {
      this.#scanner.next();
      this.#open.pop();
      return;
    }
    if (token.type !== 'key') throw parserError('did not find expected key', token, collection.start);
    collection.expects = 'block-value';
    this.#readAfterIndicator(token, NO_BLOCK_NODE, 'block-or-indentless');
  }

  #readBlockValue(collection: OpenCollection): void {
    const token = this.#scanner.peek();
    collection.expects = 'block-key';
    if (token.type === 'value') {
      this.#readAfterIndicator(token, NO_BLOCK_NODE, 'block-or-indentless');
    } else {
      this.#addEmpty(token);
    }
  }

  #readFlowEntry(collection: OpenCollection): void {
    const token = this.#flowToken(collection, 'flow-sequence-end', 'flow-first-entry', "',' or ']'");
    if (!token) return;
    collection.expects = 'flow-entry';
    if (token.type !== 'key') {
      this.#readNode('flow');
      return;
    }
    // A single pair in a sequence is a mapping of its own.
    this.#scanner.next();
    const node: MappingNode = {
      kind: 'mapping',
      tag: '',
      pairs: [],
      line: token.line + 1,
      col: token.column + 1,
    };
    this.#addNode(node);
    this.#open.push({ expects: 'pair-key', node, start: token, key: undefined });
  }

  #readPairKey(collection: OpenCollection): void {
    const token = this.#scanner.peek();
    collection.expects = 'pair-value';
    if (token.type !== 'value' && token.type !== 'flow-entry' && token.type !== 'flow-sequence-end') {
      this.#readNode('flow');
      return;
    }
    // go-yaml consumes the token here, so that a colon without a key has no value either.
    this.#scanner.next();
    this.#addEmpty(behind(token));
  }

  #readPairValue(collection: OpenCollection): void {
    const token = this.#scanner.peek();
    collection.expects = 'pair-end';
    if (token.type === 'value') {
      this.#scanner.next();
      const next = this.#scanner.peek();
      if (next.type !== 'flow-entry' && next.type !== 'flow-sequence-end') {
        this.#readNode('flow');
        return;
      }
    }
    this.#addEmpty(token);
  }

  #readFlowKey(collection: OpenCollection): void {
    const token = this.#flowToken(collection, 'flow-mapping-end', 'flow-first-key', "',' or '}'");
    if (!token) return;
    if (token.type !== 'key') {
      collection.expects = 'flow-no-value';
      this.#readNode('flow');
      return;
    }
    collection.expects = 'flow-value';
    this.#scanner.next();
    const next = this.#scanner.peek();
    if (next.type !== 'value' && next.type !== 'flow-entry' && next.type !== 'flow-mapping-end') {
      this.#readNode('flow');
    } else {
      this.#addEmpty(next);
    }
  }

  #readFlowValue(collection: OpenCollection): void {
    let token = this.#scanner.peek();
    collection.expects = 'flow-key';
    if (token.type === 'value') {
      this.#scanner.next();
      token = this.#scanner.peek();
      if (token.type !== 'flow-entry' && token.type !== 'flow-mapping-end') {
        this.#readNode('flow');
        return;
      }
    }
    this.#addEmpty(token);
  }

  /** Skips the comma before an item, and closes the collection at its end, in which case no token is returned. */
  #flowToken(
    collection: OpenCollection,
    end: TokenType,
    first: Expectation,
    separators: string,
  ): Token | undefined {
    let token = this.#scanner.peek();
    if (token.type !== end && collection.expects !== first) {
      if (token.type !== 'flow-entry') {
        throw parserError(`did not find expected ${separators}`, token, collection.start);
      }
      this.#scanner.next();
      token = this.#scanner.peek();
    }
    if (token.type !== end) return token;
    this.#scanner.next();
    this.#open.pop();
    return undefined;
  }

  /** Reads the node after a dash, question mark or colon, or an empty one if what follows cannot begin a node. */
  #readAfterIndicator(
    indicator: Token,
    empty: ReadonlySet<TokenType>,
    context: 'block' | 'block-or-indentless',
  ): void {
    this.#scanner.next();
    if (empty.has(this.#scanner.peek().type)) this.#addEmpty(behind(indicator));
    else this.#readNode(context);
  }

  #readNode(context: 'block' | 'block-or-indentless' | 'flow'): void {
    const first = this.#scanner.peek();
    if (first.type === 'alias') {
      const target = this.#anchors.get(first.value);
      if (!target) throw new YamlError(`unknown anchor '${first.value}' referenced`, place(first));
      // go-yaml asks for the next event only after it has looked for the anchor.
      this.#scanner.next();
      this.#addNode({
        kind: 'alias',
        name: first.value,
        target,
        line: first.line + 1,
        col: first.column + 1,
      });
      return;
    }
    const { start, anchor, tag } = this.#readProperties();
    const token = this.#scanner.peek();
    const opening = COLLECTION_STARTS[context].get(token.type);
    if (opening) {
      const node: MappingNode | SequenceNode = opening.mapping
        ? { kind: 'mapping', tag, pairs: [], line: start.line + 1, col: start.column + 1 }
        : { kind: 'sequence', tag, items: [], line: start.line + 1, col: start.column + 1 };
      this.#addNode(node, anchor);
      this.#open.push({ expects: opening.expects, node, start: token, key: undefined });
      if (opening.expects !== 'indentless-entry') this.#scanner.next();
    } else if (token.type === 'scalar') {
      this.#scanner.next();
      this.#addNode(
        {
          kind: 'scalar',
          tag,
          value: token.value,
          style: token.style,
          line: start.line + 1,
          col: start.column + 1,
        },
        anchor,
      );
    } else if (anchor !== '' || tag !== '') {
      this.#addEmpty(start, tag, anchor);
    } else {
      throw parserError('did not find expected node content', token, start);
    }
  }

  /** Reads the anchor and the tag of a node, in either order. */
  #readProperties(): NodeProperties {
    let token = this.#scanner.peek();
    const start: Mark = token;
    let anchor = '';
    let tag: Token | undefined;
    for (let count = 0; count < 2; count++) {
      if (token.type === 'anchor' && anchor === '') anchor = token.value;
      else if (token.type === 'tag' && !tag) tag = token;
      else break;
      this.#scanner.next();
      token = this.#scanner.peek();
    }
    return { start, anchor, tag: tag ? this.#resolveTag(tag, start) : '' };
  }

  #resolveTag(token: Token, start: Mark): string {
    let tag = token.suffix;
    if (token.value !== '') {
      const prefix = this.#tagHandles.get(token.value);
      if (prefix === undefined) throw parserError('found undefined tag handle', token, start);
      tag = prefix + tag;
    }
    return tag.startsWith(TAG_PREFIX) ? `!!${tag.slice(TAG_PREFIX.length)}` : tag;
  }

  #addEmpty(at: Mark, tag = '', anchor = ''): void {
    this.#addNode(
      { kind: 'scalar', tag, value: '', style: 'plain', line: at.line + 1, col: at.column + 1 },
      anchor,
    );
  }

  /** Puts a node where the innermost open collection expects it. */
  #addNode(node: YamlNode, anchor = ''): void {
    if (anchor !== '') this.#anchors.set(anchor, node);
    const parent = this.#open.at(-1);
    if (!parent) {
      this.#root = node;
    } else if (parent.node.kind === 'sequence') {
      parent.node.items.push(node);
    } else if (parent.key) {
      const pair: YamlPair = { key: parent.key, value: node };
      parent.node.pairs.push(pair);
      parent.key = undefined;
    } else {
      parent.key = node;
    }
  }
}

// Tokens that show that there is no node after an indicator.
const NO_BLOCK_ENTRY: ReadonlySet<TokenType> = new Set(['block-entry', 'block-end']);
const NO_INDENTLESS_ENTRY: ReadonlySet<TokenType> = new Set(['block-entry', 'key', 'value', 'block-end']);
const NO_BLOCK_NODE: ReadonlySet<TokenType> = new Set(['key', 'value', 'block-end']);

const DOCUMENT_BOUNDARIES: ReadonlySet<TokenType> = new Set([
  'version-directive',
  'tag-directive',
  'document-start',
  'document-end',
  'stream-end',
]);

interface CollectionStart {
  readonly mapping: boolean;
  readonly expects: Expectation;
}

const FLOW_COLLECTIONS = new Map<TokenType, CollectionStart>([
  ['flow-sequence-start', { mapping: false, expects: 'flow-first-entry' }],
  ['flow-mapping-start', { mapping: true, expects: 'flow-first-key' }],
]);
const BLOCK_COLLECTIONS = new Map<TokenType, CollectionStart>([
  ...FLOW_COLLECTIONS,
  ['block-sequence-start', { mapping: false, expects: 'block-entry' }],
  ['block-mapping-start', { mapping: true, expects: 'block-key' }],
]);
/** The tokens that open a collection in a context, and what that collection expects next. */
const COLLECTION_STARTS = {
  flow: FLOW_COLLECTIONS,
  block: BLOCK_COLLECTIONS,
  'block-or-indentless': new Map<TokenType, CollectionStart>([
    ...BLOCK_COLLECTIONS,
    ['block-entry', { mapping: false, expects: 'indentless-entry' }],
  ]),
};

function behind(token: Token): Mark {
  return { line: token.line, column: token.column + token.width };
}

function place(mark: Mark): { line: number; col: number } {
  return { line: mark.line + 1, col: mark.column + 1 };
}

/**
 * The error for tokens that do not form a document. go-yaml names the line before the one where the construct began, or
 * before the problem if that is the first line: its marks count from 0.
 */
function parserError(problem: string, token: Token, start?: Mark): YamlError {
  const line = start !== undefined && start.line !== 0 ? start.line : token.line;
  return new YamlError(line === 0 ? problem : `line ${line}: ${problem}`, place(token));
}
