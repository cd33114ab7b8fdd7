import type { Problem } from '../documents/problem.ts';
import type { YamlDocument } from '../documents/yaml-documents.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { FiledGroup } from '../provision/selection/group-index.ts';
import type { Group } from '../provision/selection/group.ts';
import type { ProfileRecord } from './compiled-profile.ts';
import type { CatalogTree } from './sources/catalog-tree.ts';

/** The contents of one tree: what a generation is made of, and its problems. */
export interface CatalogContent {
  /** A hash of everything below: the same content has the same id. */
  readonly id: string;
  /** The files, of which templates and files embedded by Butane are needed later. */
  readonly tree: CatalogTree;
  readonly profiles: readonly ProfileRecord[];
  /** By the id of a profile, why it cannot be used. */
  readonly profileProblems: ReadonlyMap<string, Problem>;
  /** In their order of precedence. */
  readonly groups: readonly FiledGroup[];
  /** Why a group cannot be used; its selector still determines its machines. */
  readonly groupProblems: ReadonlyMap<Group, Problem>;
  readonly machines: readonly Machine[];
  /** By the id of a machine, why its record cannot be used; its identifiers still apply. */
  readonly machineProblems: ReadonlyMap<string, Problem>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Files that contain a document or template that cannot be used, by path. */
  readonly brokenFiles: ReadonlySet<string>;
  /** Where things are defined, for problems that are found later. */
  readonly places: ReadonlyMap<Group | ProfileRecord, YamlDocument>;
}
