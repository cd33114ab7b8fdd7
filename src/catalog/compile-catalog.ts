import type { YamlDocument } from '../documents/yaml-documents.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { fileGroups } from '../provision/selection/group-index.ts';
import type { Group } from '../provision/selection/group.ts';
import type { CatalogContent } from './catalog-content.ts';
import { Compilation } from './compilation.ts';
import { compileGroups } from './compile-groups.ts';
import { compileMachines } from './compile-machines.ts';
import { compileProfiles } from './compile-profiles.ts';
import { DocumentReader } from './document-folder.ts';
import { KeptDocuments } from './kept-documents.ts';
import { reviewLifecycle } from './review-lifecycle.ts';
import type { CatalogTree } from './sources/catalog-tree.ts';
import { TemplateLibrary } from './template-library.ts';

/** Compiles catalogs, one after the other, and reuses results for unchanged documents. */
export class CatalogCompiler {
  readonly #reader = new DocumentReader();
  readonly #keptReader = new DocumentReader();
  readonly #machines = new WeakMap<YamlDocument, Machine>();
  readonly #groups = new WeakMap<YamlDocument, Group>();
  #templates: TemplateLibrary | undefined;

  /**
   * Compiles a tree. A faulty document, template or reference affects only its own machines. `kept` holds the last
   * good version of every file: it tells which machines a broken group selects and what identifies the machine of a
   * broken record; and of documents that contradict each other, the unchanged one is used.
   */
  compile(tree: CatalogTree, kept?: CatalogTree): CatalogContent {
    this.#templates = new TemplateLibrary(tree, this.#templates);
    const compilation = new Compilation({
      tree,
      templates: this.#templates,
      kept: new KeptDocuments(kept, this.#keptReader),
      reader: this.#reader,
      machines: this.#machines,
      groups: this.#groups,
    });
    const profiles = compileProfiles(compilation);
    const groups = compileGroups(compilation, profiles);
    reviewLifecycle(compilation, profiles, groups);
    const machines = compileMachines(compilation);
    noteSpecialFiles(compilation);
    this.#reader.forgetOthers();
    this.#keptReader.forgetOthers();
    return {
      id: compilation.id,
      tree,
      profiles: [...profiles.records.values()],
      profileProblems: profiles.problems,
      groups: fileGroups(groups.groups),
      groupProblems: groups.problems,
      machines: machines.machines,
      machineProblems: machines.problems,
      problems: compilation.problems,
      warnings: compilation.warnings,
      brokenFiles: compilation.brokenFiles,
      places: new Map<unknown, YamlDocument>([
        ...profiles.places,
        ...groups.places,
      ]) as CatalogContent['places'],
    };
  }
}

/**
 * Reports pipes, devices and files over the limits: they do no harm, but their author may expect them to take effect.
 */
function noteSpecialFiles({ brokenFiles, problems, tree, warnings }: Compilation): void {
  for (const [file, entry] of tree.entries) {
    if (entry.kind !== 'unread' || entry.why === 'unnamed' || brokenFiles.has(file)) continue;
    const notes = entry.why === 'failed' ? problems : warnings;
    notes.push({ file, message: `this ${entry.why === 'special' ? '' : 'file '}${entry.reason}` });
  }
}
