import { RE2JS } from 're2js';
import { cidrFault, type Ipv4Cidr, parseCidr } from '../../protocol/ipv4-cidr.ts';
import { normaliseLabel, normalisePrefix } from './labels.ts';
import type { LabelPattern, Requirement, Selector } from './selector.ts';

/** What a selector requires of one label, as operators write it. */
export type RequirementDocument =
  | string
  | readonly string[]
  | {
      readonly cidr?: string | readonly string[] | undefined;
      readonly in?: readonly string[] | undefined;
      readonly not_in?: readonly string[] | undefined;
      readonly prefix?: string | readonly string[] | undefined;
      readonly regex?: string | undefined;
      readonly exists?: boolean | undefined;
    };

/** Takes what is wrong with a part of a selector; `path` begins with `selector`. */
type ReportFault = (path: readonly PropertyKey[], message: string) => void;

/** Reads the selector of a group or pool. Invalid values are reported, and the rest is still read. */
export function readSelector(
  document: Readonly<Record<string, RequirementDocument>>,
  report: ReportFault,
): Selector {
  const selector = new Map<string, readonly Requirement[]>();
  for (const [name, value] of Object.entries(document)) {
    const lower = name.toLowerCase();
    const label = lower === 'mac' || lower === 'uuid' ? lower : name;
    selector.set(label, readRequirements(label, value, ['selector', name], report));
  }
  return selector;
}

function readRequirements(
  label: string,
  value: RequirementDocument,
  path: readonly PropertyKey[],
  report: ReportFault,
): Requirement[] {
  if (typeof value === 'string')
    return [{ kind: 'in', values: readValues(label, [value], () => path, report) }];
  if (isList(value)) {
    return [{ kind: 'in', values: readValues(label, value, (index) => [...path, index], report) }];
  }
  const requirements: Requirement[] = [];
  if (value.in !== undefined) {
    requirements.push({
      kind: 'in',
      values: readValues(label, value.in, (index) => [...path, 'in', index], report),
    });
  }
  if (value.not_in !== undefined) {
    const values = readValues(label, value.not_in, (index) => [...path, 'not_in', index], report);
    requirements.push({ kind: 'not_in', values });
  }
  if (value.cidr !== undefined) {
    requirements.push({ kind: 'cidr', cidrs: readCidrs(asList(value.cidr), [...path, 'cidr'], report) });
  }
  if (value.prefix !== undefined) {
    const prefixes = asList(value.prefix).flatMap((prefix) => normalisePrefix(label, prefix) ?? []);
    requirements.push({ kind: 'prefix', prefixes });
  }
  if (value.regex !== undefined) {
    const pattern = readPattern(value.regex, [...path, 'regex'], report);
    if (pattern !== undefined) requirements.push({ kind: 'regex', pattern });
  }
  if (value.exists !== undefined) requirements.push({ kind: 'exists', exists: value.exists });
  if (Object.keys(value).length === 0)
    report(path, 'has no condition: give cidr, in, not_in, prefix, regex or exists');
  return requirements;
}

function readValues(
  label: string,
  values: readonly string[],
  pathOf: (index: number) => readonly PropertyKey[],
  report: ReportFault,
): Set<string> {
  const read = new Set<string>();
  values.forEach((value, index) => {
    const normalised = normaliseLabel(label, value);
    if (normalised !== undefined) read.add(normalised);
    else report(pathOf(index), describeUnusable(label, value));
  });
  return read;
}

function describeUnusable(label: string, value: string): string {
  const shown = JSON.stringify(value);
  if (label === 'mac') return `${shown} is not a MAC address; write it as 52:54:00:a1:9c:ae`;
  if (label === 'uuid') return `${shown} is not a UUID that identifies a machine`;
  return `${shown} matches no machine: this placeholder value counts as absent`;
}

function readCidrs(texts: readonly string[], path: readonly PropertyKey[], report: ReportFault): Ipv4Cidr[] {
  return texts.flatMap((text) => {
    const cidr = parseCidr(text);
    if (cidr === undefined) report(path, cidrFault(text));
    return cidr ?? [];
  });
}

/** RE2 takes time linear in the text, while JavaScript's own expressions can take exponential time (decision 3). */
function readPattern(
  source: string,
  path: readonly PropertyKey[],
  report: ReportFault,
): LabelPattern | undefined {
  try {
    const compiled = RE2JS.compile(source);
    return { source, test: (text) => compiled.matcher(text).find() };
  } catch (error) {
    report(path, `not a regular expression (RE2): ${(error as Error).message}`);
    return undefined;
  }
}

function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

function isList(value: RequirementDocument): value is readonly string[] {
  return Array.isArray(value);
}
