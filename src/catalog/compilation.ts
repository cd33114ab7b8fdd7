import { createHash } from 'node:crypto';
import type { Problem, ReportProblem } from '../documents/problem.ts';
import type { YamlDocument } from '../documents/yaml-documents.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { Group } from '../provision/selection/group.ts';
import type { BrokenDocument, DocumentReader, GoodDocument } from './document-folder.ts';
import type { KeptDocuments } from './kept-documents.ts';
import type { CatalogTree } from './sources/catalog-tree.ts';
import type { TemplateLibrary } from './template-library.ts';

/** The inputs of the compilation of one tree. */
export interface CompilationParts {
  readonly tree: CatalogTree;
  readonly templates: TemplateLibrary;
  readonly kept: KeptDocuments;
  readonly reader: DocumentReader;
  /** The results for documents without problems, which are reused while these do not change. */
  readonly machines: WeakMap<YamlDocument, Machine>;
  readonly groups: WeakMap<YamlDocument, Group>;
}

/** A document, and why its machines have to wait although it can be read. */
export interface SettledDocument<V> {
  readonly good: GoodDocument<V>;
  /** Whether it owns its id; of several documents with the same id one owns it. */
  readonly isOwner: boolean;
  /** Whether the file is unchanged since the last good version. */
  readonly isUnchanged: boolean;
  readonly problem?: Problem;
}

/** The compilation of one tree: its inputs and its results. */
export class Compilation {
  readonly tree: CatalogTree;
  readonly templates: TemplateLibrary;
  readonly kept: KeptDocuments;
  readonly reader: DocumentReader;
  readonly machines: WeakMap<YamlDocument, Machine>;
  readonly groups: WeakMap<YamlDocument, Group>;
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** Files that contain something that cannot be used. */
  readonly brokenFiles = new Set<string>();
  #standIns: string[] = [];

  constructor(parts: CompilationParts) {
    this.tree = parts.tree;
    this.templates = parts.templates;
    this.kept = parts.kept;
    this.reader = parts.reader;
    this.machines = parts.machines;
    this.groups = parts.groups;
  }

  /** Records the problems that reading a folder has found. */
  note(problems: readonly Problem[], broken: readonly BrokenDocument[]): void {
    this.problems.push(...problems);
    for (const { file } of broken) this.brokenFiles.add(file);
  }

  /** Records the problems of a document; returns the first one. */
  noteFaults(file: string, faults: readonly Problem[]): Problem | undefined {
    if (faults.length > 0) this.brokenFiles.add(file);
    this.problems.push(...faults);
    return faults[0];
  }

  /** Records warnings about a document, with their places. */
  warn(document: YamlDocument): ReportProblem {
    return (path, message) => this.warnings.push({ file: document.file, ...document.placeOf(path), message });
  }

  /** Records that the last good version of a document is used instead. */
  noteStandIn(folder: string, document: unknown): void {
    this.#standIns.push(`${folder} ${JSON.stringify(document)}`);
  }

  /** A hash of the tree and of the earlier versions that replace parts of it. */
  get id(): string {
    const { id } = this.tree;
    if (this.#standIns.length === 0) return id;
    const hash = createHash('sha256').update(this.#standIns.join('\n')).digest('hex');
    return `${id}-${hash.slice(0, 6)}`;
  }

  /**
   * Decides which of several documents owns an id: the one that is unchanged since the last good version keeps it. If
   * there is none, all of them wait, since it is not clear which one is meant. Unchanged documents come first.
   */
  settle<V extends { readonly id: string }>(good: readonly GoodDocument<V>[]): SettledDocument<V>[] {
    const candidates = good.map((document) => ({
      good: document,
      isUnchanged: this.kept.isUnchanged(this.tree, document.document.file),
    }));
    candidates.sort((a, b) => Number(b.isUnchanged) - Number(a.isUnchanged));
    const owners = new Map<string, (typeof candidates)[number]>();
    const contested = new Map<string, Problem>();
    const settled: SettledDocument<V>[] = [];
    for (const candidate of candidates) {
      const { document, value } = candidate.good;
      const owner = owners.get(value.id);
      if (owner === undefined) {
        owners.set(value.id, candidate);
        settled.push({ ...candidate, isOwner: true });
        continue;
      }
      const message = `id ${value.id} is already used in ${owner.good.document.file}`;
      const problem = { file: document.file, ...document.placeOf(['id']), message };
      this.noteFaults(document.file, [problem]);
      settled.push({ ...candidate, isOwner: false, problem });
      if (!owner.isUnchanged) contested.set(value.id, problem);
    }
    return settled.map((one) => {
      const problem = one.problem ?? contested.get(one.good.value.id);
      return problem === undefined ? one : { ...one, problem };
    });
  }
}

/** Collects problems of a document, and returns them with their places. */
export function collectFaults(document: YamlDocument): { faults: Problem[]; report: ReportProblem } {
  const faults: Problem[] = [];
  return {
    faults,
    report: (path, message) => faults.push({ file: document.file, ...document.placeOf(path), message }),
  };
}
