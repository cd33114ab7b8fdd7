import type { z } from 'zod';
import { type DocumentReader, type GoodDocument } from './document-folder.ts';
import { groupDocument, machineDocument, profileDocument } from './document-schemas.ts';
import type { DocumentFolder } from './foreign-documents.ts';
import type { CatalogTree } from './sources/catalog-tree.ts';

/** Documents of one folder by id, and the ids in each file. */
interface KeptFolder<V> {
  readonly byId: ReadonlyMap<string, GoodDocument<V>>;
  readonly idsByFile: ReadonlyMap<string, readonly string[]>;
}

/**
 * The last good version of every document. Read only if a current document is broken, or two documents claim the same
 * value.
 */
export class KeptDocuments {
  readonly #tree: CatalogTree | undefined;
  readonly #reader: DocumentReader;
  #groups: KeptFolder<z.output<typeof groupDocument>> | undefined;
  #machines: KeptFolder<z.output<typeof machineDocument>> | undefined;
  #profiles: KeptFolder<z.output<typeof profileDocument>> | undefined;

  constructor(tree: CatalogTree | undefined, reader: DocumentReader) {
    this.#tree = tree;
    this.#reader = reader;
  }

  get profiles(): KeptFolder<z.output<typeof profileDocument>> {
    return (this.#profiles ??= this.#read('profiles', profileDocument));
  }

  get groups(): KeptFolder<z.output<typeof groupDocument>> {
    return (this.#groups ??= this.#read('groups', groupDocument));
  }

  get machines(): KeptFolder<z.output<typeof machineDocument>> {
    return (this.#machines ??= this.#read('machines', machineDocument));
  }

  /** Whether the file is unchanged since the last good version. */
  isUnchanged(tree: CatalogTree, file: string): boolean {
    const kept = this.#tree?.read(file);
    return kept !== undefined && kept.hash === tree.read(file)?.hash;
  }

  #read<S extends z.ZodType<{ id: string }>>(folder: DocumentFolder, schema: S): KeptFolder<z.output<S>> {
    const byId = new Map<string, GoodDocument<z.output<S>>>();
    const idsByFile = new Map<string, string[]>();
    const good = this.#tree === undefined ? [] : this.#reader.readFolder(this.#tree, folder, schema).good;
    for (const document of good) {
      const { id } = document.value;
      const { file } = document.document;
      if (!byId.has(id)) byId.set(id, document);
      const ids = idsByFile.get(file);
      if (ids === undefined) idsByFile.set(file, [id]);
      else ids.push(id);
    }
    return { byId, idsByFile };
  }
}
