import { parseIpv4 } from '../../protocol/ipv4-address.ts';
import { cidrContains, type Ipv4Cidr } from '../../protocol/ipv4-cidr.ts';
import type { Labels } from './labels.ts';

/** A pattern whose matching time is linear in the text, for every pattern that an operator may write. */
export interface LabelPattern {
  readonly source: string;
  /** Whether the pattern occurs anywhere in the text. */
  test(text: string): boolean;
}

/** A requirement on the value of one label. */
export type Requirement =
  | { readonly kind: 'in'; readonly values: ReadonlySet<string> }
  | { readonly kind: 'not_in'; readonly values: ReadonlySet<string> }
  | { readonly kind: 'cidr'; readonly cidrs: readonly Ipv4Cidr[] }
  | { readonly kind: 'prefix'; readonly prefixes: readonly string[] }
  | { readonly kind: 'regex'; readonly pattern: LabelPattern }
  | { readonly kind: 'exists'; readonly exists: boolean };

/**
 * What a group requires of labels: for each label, requirements that must all hold. An empty selector matches all
 * machines.
 */
export type Selector = ReadonlyMap<string, readonly Requirement[]>;

/** A requirement that did not hold. */
export interface FailedRequirement {
  readonly label: string;
  readonly requirement: Requirement;
  /** The label's value; undefined when the machine has no such label. */
  readonly actual: string | undefined;
}

/** The first requirement that the labels do not meet, in the order of the file; undefined when all are met. */
export function findFailedRequirement(selector: Selector, labels: Labels): FailedRequirement | undefined {
  for (const [label, requirements] of selector) {
    const actual = labels.get(label);
    for (const requirement of requirements) {
      if (!meets(requirement, actual)) return { label, requirement, actual };
    }
  }
  return undefined;
}

/** Whether one label's value, or its absence, meets all requirements for it. */
export function meetsAll(requirements: readonly Requirement[], actual: string | undefined): boolean {
  return requirements.every((requirement) => meets(requirement, actual));
}

function meets(requirement: Requirement, actual: string | undefined): boolean {
  switch (requirement.kind) {
    case 'in':
      return actual !== undefined && requirement.values.has(actual);
    case 'not_in':
      // `not_in` holds for a machine without the label, as with Kubernetes' NotIn.
      return actual === undefined || !requirement.values.has(actual);
    case 'exists':
      return (actual !== undefined) === requirement.exists;
    case 'prefix':
      return actual !== undefined && requirement.prefixes.some((prefix) => actual.startsWith(prefix));
    case 'regex':
      return actual !== undefined && requirement.pattern.test(actual);
    case 'cidr': {
      const address = actual === undefined ? undefined : parseIpv4(actual);
      return address !== undefined && requirement.cidrs.some((cidr) => cidrContains(cidr, address));
    }
  }
}

/** The requirement in words that follow "must": `be one of a, b`. */
export function describeRequirement(requirement: Requirement): string {
  switch (requirement.kind) {
    case 'in': {
      const values = [...requirement.values];
      return values.length === 1 ? `be ${values[0]}` : `be one of ${values.join(', ')}`;
    }
    case 'not_in':
      return `be none of ${[...requirement.values].join(', ')}`;
    case 'exists':
      return requirement.exists ? 'be present' : 'be absent';
    case 'prefix':
      return `begin with ${requirement.prefixes.join(' or ')}`;
    case 'regex':
      return `match /${requirement.pattern.source}/`;
    case 'cidr':
      return `be an address in ${requirement.cidrs.map((cidr) => cidr.text).join(' or ')}`;
  }
}

/**
 * The selector as one string: `key=value` pairs by key, joined by commas. Breaks ties as Matchbox does (ByReqs in
 * storagepb/group.go), and two groups with the same string select the same machines.
 */
export function canonicalSelector(selector: Selector): string {
  const pairs = [...selector].map(([label, requirements]) => {
    const parts = requirements.map(canonicalRequirement).sort();
    return `${label}=${parts.join('&')}`;
  });
  return pairs.sort().join(',');
}

function canonicalRequirement(requirement: Requirement): string {
  switch (requirement.kind) {
    case 'in':
      return [...requirement.values].sort().join('|');
    case 'not_in':
      return `!${[...requirement.values].sort().join('|')}`;
    case 'exists':
      return requirement.exists ? '*' : '!*';
    case 'prefix':
      return `${[...requirement.prefixes].sort().join('|')}*`;
    case 'regex':
      return `/${requirement.pattern.source}/`;
    case 'cidr':
      return requirement.cidrs
        .map((cidr) => cidr.text)
        .sort()
        .join('|');
  }
}

/**
 * Labels that the selector accepts, for the trial rendering of a group: the first of several values. Undefined for a
 * regex.
 */
export function sampleLabels(selector: Selector): Map<string, string> | undefined {
  const labels = new Map<string, string>();
  for (const [label, requirements] of selector) {
    for (const requirement of requirements) {
      const value = sampleValue(requirement);
      if (value !== undefined) labels.set(label, value);
    }
  }
  return findFailedRequirement(selector, labels) === undefined ? labels : undefined;
}

function sampleValue(requirement: Requirement): string | undefined {
  switch (requirement.kind) {
    case 'in':
      return [...requirement.values][0];
    case 'prefix':
      return requirement.prefixes[0];
    case 'exists':
      return requirement.exists ? 'sample' : undefined;
    case 'cidr': {
      const [cidr] = requirement.cidrs;
      return cidr?.text.split('/')[0];
    }
    case 'regex':
    case 'not_in':
      return undefined;
  }
}
