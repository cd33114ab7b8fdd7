import type { z } from 'zod';
import type { Problem } from '../documents/problem.ts';
import {
  type ReadDocuments,
  readYamlDocuments,
  schemaProblems,
  type YamlDocument,
} from '../documents/yaml-documents.ts';
import { describeMatchboxKey, type DocumentFolder, recogniseDocument } from './foreign-documents.ts';
import type { CatalogTree } from './sources/catalog-tree.ts';

/** A document that fits its schema. */
export interface GoodDocument<V> {
  readonly document: YamlDocument;
  readonly value: V;
}

/** A document that cannot be used. */
export interface BrokenDocument {
  readonly file: string;
  /** Absent if the id could not be read. */
  readonly id?: string;
  /** What could be read of it. */
  readonly value: unknown;
  readonly problem: Problem;
}

/** What the documents of one folder contain. */
export interface FolderReading<V> {
  readonly good: readonly GoodDocument<V>[];
  readonly broken: readonly BrokenDocument[];
  readonly problems: readonly Problem[];
}

/** Reads documents of catalogs, and reuses the results for files that did not change since the previous catalog. */
export class DocumentReader {
  #before = new Map<string, { readonly hash: string; readonly read: ReadDocuments }>();
  #now = new Map<string, { readonly hash: string; readonly read: ReadDocuments }>();
  readonly #values = new WeakMap<YamlDocument, z.ZodSafeParseResult<unknown>>();

  /** Forgets files that were not read since the last call. */
  forgetOthers(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  /** Reads all documents of a folder, without files for which `isOther` is true. */
  readFolder<S extends z.ZodType<{ id: string }>>(
    tree: CatalogTree,
    folder: DocumentFolder,
    schema: S,
    isOther: (file: string, read: ReadDocuments | undefined) => boolean = () => false,
  ): FolderReading<z.output<S>> {
    const good: GoodDocument<z.output<S>>[] = [];
    const broken: BrokenDocument[] = [];
    const problems: Problem[] = [];
    for (const file of tree.walk(folder)) {
      if (!isDocumentFile(file)) continue;
      const located = tree.locate(file);
      const entry = located.kind === 'found' ? located.entry : undefined;
      if (entry?.kind !== 'file') {
        if (isOther(file, undefined)) continue;
        const problem = { file, message: describeUnread(located) };
        problems.push(problem);
        broken.push({ file, value: undefined, problem });
        continue;
      }
      const read = this.#read(file, entry.hash, entry.bytes);
      if (isOther(file, read)) continue;
      problems.push(...read.problems);
      const [problem] = read.problems;
      if (problem !== undefined) {
        for (const value of read.fragments) broken.push(brokenDocument(file, value, problem));
        // A file that is not text may contain anything.
        broken.push({ file, value: undefined, problem });
      }
      for (const document of read.documents) {
        const result = this.#parse(document, schema);
        if (result.success) {
          good.push({ document, value: result.data as z.output<S> });
          continue;
        }
        const faults = faultsOf(document, result.error, folder);
        problems.push(...faults);
        const [fault = { file, message: 'does not fit' }] = faults;
        broken.push(brokenDocument(file, document.value, fault));
      }
    }
    return { good, broken, problems };
  }

  /** The contents of a document file, read again only when it changes. */
  #read(file: string, hash: string, bytes: Uint8Array): ReadDocuments {
    const known = this.#now.get(file) ?? this.#before.get(file);
    const read = known?.hash === hash ? known.read : readYamlDocuments(file, bytes);
    this.#now.set(file, { hash, read });
    return read;
  }

  #parse(document: YamlDocument, schema: z.ZodType): z.ZodSafeParseResult<unknown> {
    let result = this.#values.get(document);
    if (result === undefined) {
      result = schema.safeParse(withoutExtensions(document.value));
      this.#values.set(document, result);
    }
    return result;
  }
}

/** The problems of a document; if it does not belong in its folder, only that problem. */
function faultsOf(document: YamlDocument, error: z.ZodError, folder: DocumentFolder): Problem[] {
  const foreign = recogniseDocument(folder, document.value);
  if (foreign !== undefined) {
    const { key, message } = foreign;
    return [{ file: document.file, ...document.placeOfKey([], key), message }];
  }
  return schemaProblems(document, error, (path, key, value) => describeMatchboxKey(folder, path, key, value));
}

/** Whether a file holds documents, judging by its name: hidden files do not. */
function isDocumentFile(file: string): boolean {
  return /\.(ya?ml|json)$/.test(file) && !file.split('/').some((part) => part.startsWith('.'));
}

function brokenDocument(file: string, value: unknown, problem: Problem): BrokenDocument {
  const id: unknown = (value as { id?: unknown } | null)?.id;
  return { file, ...(typeof id === 'string' && { id }), value, problem };
}

/** Keys that begin with `x-` hold anchors for other places of the document, as in Compose files. */
function withoutExtensions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  return entries.some(([key]) => key.startsWith('x-'))
    ? Object.fromEntries(entries.filter(([key]) => !key.startsWith('x-')))
    : value;
}

function describeUnread(located: ReturnType<CatalogTree['locate']>): string {
  switch (located.kind) {
    case 'missing':
      return 'this link leads to nothing';
    case 'outside':
      return 'this link leads out of the catalog, and is not followed';
    case 'loop':
      return 'this link leads back to itself';
    case 'found':
      return located.entry.kind === 'unread' ? `this file ${located.entry.reason}` : 'this is not a file';
  }
}
