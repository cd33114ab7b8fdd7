import type { Problem } from '../documents/problem.ts';
import { IgnitionCompiler } from '../provision/rendering/render-ignition.ts';
import { type FiledGroup, GroupIndex } from '../provision/selection/group-index.ts';
import type { Group } from '../provision/selection/group.ts';
import type { CatalogContent } from './catalog-content.ts';
import { openClosedFiles } from './closed-files.ts';
import { compileProfile, type ProfileRecord } from './compiled-profile.ts';
import { Generation } from './generation.ts';
import type { CatalogTree } from './sources/catalog-tree.ts';
import { TemplateLibrary } from './template-library.ts';

/** The parts with which a generation begins; groups are added later. */
export interface GenerationHead {
  readonly id: string;
  /** Templates, and the files that Butane may embed. */
  readonly tree: CatalogTree;
  readonly profiles: readonly ProfileRecord[];
  readonly profileProblems: ReadonlyMap<string, Problem>;
  readonly machineProblems: ReadonlyMap<string, Problem>;
}

/**
 * Builds generations, one after the other. What did not change is reused: compiled templates and, as long as no file
 * changes that Butane could embed, the Ignition configs that were made from them.
 */
export class GenerationBuilder {
  #templates: TemplateLibrary | undefined;
  #ignition: { readonly tree: CatalogTree; readonly compiler: IgnitionCompiler } | undefined;

  /**
   * Begins a generation. Groups are added in order of precedence, a few at a time if the event loop must stay
   * responsive.
   */
  begin(head: GenerationHead, loadedAt: Date): UnfinishedGeneration {
    this.#templates = new TemplateLibrary(head.tree, this.#templates);
    const templates = this.#templates;
    if (this.#ignition?.tree !== head.tree) {
      const compiler = new IgnitionCompiler(openClosedFiles(head.tree, 'profiles'));
      this.#ignition = { tree: head.tree, compiler };
    }
    return new UnfinishedGeneration(head, loadedAt, templates, this.#ignition.compiler);
  }

  /** Builds a generation in one call. */
  build(content: CatalogContent, loadedAt: Date): Generation {
    const unfinished = this.begin(content, loadedAt);
    for (const filed of content.groups) unfinished.add(filed, content.groupProblems.get(filed.group));
    return unfinished.finish();
  }
}

/** A generation to which groups are still being added. */
export class UnfinishedGeneration {
  readonly #head: GenerationHead;
  readonly #loadedAt: Date;
  readonly #templates: TemplateLibrary;
  readonly #compiler: IgnitionCompiler;
  readonly #groupIndex = new GroupIndex();
  readonly #groupProblems = new Map<Group, Problem>();

  constructor(head: GenerationHead, loadedAt: Date, templates: TemplateLibrary, compiler: IgnitionCompiler) {
    this.#head = head;
    this.#loadedAt = loadedAt;
    this.#templates = templates;
    this.#compiler = compiler;
  }

  /** Adds the next group in order of precedence, with its problem if it has one. */
  add(filed: FiledGroup, problem: Problem | undefined): void {
    this.#groupIndex.add(filed);
    if (problem !== undefined) this.#groupProblems.set(filed.group, problem);
  }

  finish(): Generation {
    const { id, machineProblems, profileProblems, profiles } = this.#head;
    return new Generation({
      id,
      loadedAt: this.#loadedAt,
      profiles: new Map(
        profiles.map((record) => [record.profile.id, compileProfile(record, this.#templates)]),
      ),
      profileProblems,
      groupIndex: this.#groupIndex,
      groupProblems: this.#groupProblems,
      machineProblems,
      ignitionCompiler: this.#compiler,
    });
  }
}
