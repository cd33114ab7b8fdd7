import { RE2JS } from 're2js';
import type { Problem } from '../documents/problem.ts';
import type { DhcpOptions } from '../protocol/dhcp/message.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { FiledGroup } from '../provision/selection/group-index.ts';
import type { LabelPattern, Requirement } from '../provision/selection/selector.ts';
import type { StandIn } from './catalog-loader.ts';
import type { ProfileRecord } from './compiled-profile.ts';
import type { PackedTree } from './sources/packed-tree.ts';

/** A catalog, and what of the settings its check depends on. */
export interface CatalogPlace {
  readonly directory: string;
  /** The folder behind `/assets/`. */
  readonly assets: string;
  /** Ids of the networks; absent where DHCP serves none. */
  readonly networks?: readonly string[];
}

/** The data with which the thread that loads catalogs is started. */
export interface LoadThreadData {
  readonly place: CatalogPlace;
  /** The stored catalog, if there is one. */
  readonly kept?: Uint8Array;
  /** Its first number is 1 when another load waits, so that the trial rendering must end. */
  readonly hurry: SharedArrayBuffer;
}

/** Requests to the thread. */
export type LoadRequest =
  { readonly kind: 'load'; readonly nowMs: number } | { readonly kind: 'next' } | { readonly kind: 'try' };

/** Something that was sent with the previous load, by its index there, or a new one. */
export type Sent<T> = { readonly same: number } | { readonly fresh: T };

/** A group in a form that can be sent to a thread, which is impossible for a regular expression. */
export interface SentGroup {
  readonly group: Sent<PlainGroup>;
  readonly filedUnder?: string;
  readonly problem?: Problem;
}

type PlainRequirement =
  Exclude<Requirement, { kind: 'regex' }> | { readonly kind: 'regex'; readonly source: string };
type PlainGroup = Omit<FiledGroup['group'], 'selector'> & {
  readonly selector: ReadonlyMap<string, readonly PlainRequirement[]>;
};

/** Answers of the thread. Groups and machines are sent in parts, each on request. */
export type LoadAnswer =
  | { readonly kind: 'nothing'; readonly problems: readonly Problem[] }
  | { readonly kind: 'head'; readonly head: LoadHead }
  | { readonly kind: 'groups'; readonly groups: readonly SentGroup[] }
  | { readonly kind: 'machines'; readonly machines: readonly Sent<Machine>[] }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'tried';
      readonly problems: readonly Problem[];
      readonly warnings: readonly Problem[];
      readonly untried: number;
      /** The catalog to store, if it differs from the stored one. */
      readonly keep?: Uint8Array;
    };

/** Everything except groups and machines. */
export interface LoadHead {
  readonly id: string;
  readonly from: 'files' | 'kept';
  /** Templates and local files; absent if they are the same as in the previous load. */
  readonly files?: PackedTree;
  readonly profiles: readonly ProfileRecord[];
  readonly profileProblems: ReadonlyMap<string, Problem>;
  readonly machineProblems: ReadonlyMap<string, Problem>;
  readonly standIns: readonly StandIn[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** A group in the form in which it is sent. */
export function toPlainGroup({ dhcpOptions, selector, ...group }: FiledGroup['group']): PlainGroup {
  return {
    ...group,
    dhcpOptions: copyOptions(dhcpOptions),
    selector: new Map(
      [...selector].map(([label, requirements]) => [
        label,
        requirements.map((requirement) =>
          requirement.kind === 'regex'
            ? { kind: 'regex' as const, source: requirement.pattern.source }
            : requirement,
        ),
      ]),
    ),
  };
}

/** Restores a group that was sent. */
export function fromPlainGroup({ selector, ...group }: PlainGroup): FiledGroup['group'] {
  return {
    ...group,
    selector: new Map(
      [...selector].map(([label, requirements]) => [
        label,
        requirements.map((requirement) =>
          requirement.kind === 'regex'
            ? { kind: 'regex' as const, pattern: new LazyPattern(requirement.source) }
            : requirement,
        ),
      ]),
    ),
  };
}

/** A machine in the form in which it is sent. */
export function toPlainMachine(machine: Machine): Machine {
  const { dhcpOptions, networkOptions } = machine;
  if (dhcpOptions === undefined && networkOptions === undefined) return machine;
  return {
    ...machine,
    ...(dhcpOptions !== undefined && { dhcpOptions: copyOptions(dhcpOptions) }),
    ...(networkOptions !== undefined && {
      networkOptions: new Map(
        [...networkOptions].map(([network, options]) => [network, copyOptions(options)]),
      ),
    }),
  };
}

/** Small buffers share a large one, which would be sent whole with each of them. */
function copyOptions(options: DhcpOptions): DhcpOptions {
  return new Map([...options].map(([code, value]) => [code, Uint8Array.from(value)]));
}

/** A regular expression that is known to be valid, compiled when it is first needed. */
class LazyPattern implements LabelPattern {
  readonly source: string;
  #compiled: RE2JS | undefined;

  constructor(source: string) {
    this.source = source;
  }

  test(text: string): boolean {
    this.#compiled ??= RE2JS.compile(this.source);
    return this.#compiled.matcher(text).find();
  }
}
