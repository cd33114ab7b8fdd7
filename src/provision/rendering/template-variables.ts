import type { Group } from '../selection/group.ts';
import type { JsonObject } from '../json-value.ts';
import type { Labels } from '../selection/labels.ts';
import type { Machine } from '../machines/machine.ts';
import {
  genericUrl,
  ignitionUrl,
  installedIgnitionUrl,
  type KnownTokens,
  type MachineUrlParts,
  metadataUrl,
  reportUrl,
} from './machine-urls.ts';
import type { Profile } from './profile.ts';
import { systemdMachineId } from '../machines/systemd-machine-id.ts';
import { markReported, ReportedText } from './reported-text.ts';
import type { TemplateVariables } from './template.ts';

/** What a template can use besides metadata. */
export interface RenderContext {
  /** Origin of the boot plane as the machine reaches it: `http://10.0.0.2:8080`. */
  readonly origin: string;
  /** The request's query as it came, without the question mark. */
  readonly rawQuery: string;
  /** The machine's lease, if Railhead gave it one. */
  readonly lease?: JsonObject;
  /** The tokens of the machine's boot session, for the URLs; absent if it has none. */
  readonly tokens?: KnownTokens;
}

/** Whom to render for. */
export interface RenderSubject {
  readonly labels: Labels;
  readonly machine: Machine | undefined;
  readonly group: Group;
  readonly profile: Profile;
  /** What the machine's URLs are made of. */
  readonly urls: () => MachineUrlParts;
}

/**
 * The variables of a template, in rising precedence: metadata of the profile, the group and the machine; the labels
 * that the group's selector names; Railhead's own variables, which nothing can override. Labels, the request and the
 * lease are marked as reported, since they can contain anything.
 */
export function templateVariables(subject: RenderSubject, context: RenderContext): TemplateVariables {
  const { group, machine, profile, labels } = subject;
  return {
    ...metadataOf(subject),
    ...selectorLabels(subject, (value) => new ReportedText(value)),
    // A template uses few of these, so each is computed when it is used.
    get machine() {
      return {
        id: machineId(subject),
        mac: labels.get('mac') ?? '',
        uuid: labels.get('uuid') ?? '',
        serial: new ReportedText(labels.get('serial') ?? ''),
        hostname: machine?.hostname ?? '',
        address: machine?.address ?? '',
        labels: markReported(Object.fromEntries(labels)),
      };
    },
    get machine_id() {
      const id = machineId(subject);
      // Undefined where nothing identifies the machine, since all such machines would have the same.
      return id === '' ? undefined : systemdMachineId(id);
    },
    get group() {
      return { id: group.id };
    },
    get profile() {
      return { id: profile.id };
    },
    get lease() {
      return markReported(context.lease ?? {});
    },
    get server() {
      return { url: context.origin, host: hostOf(context.origin) };
    },
    get request() {
      return markReported(requestVariables(labels, context));
    },
    get ignition_url() {
      return ignitionUrl(subject.urls());
    },
    get installed_ignition_url() {
      return installedIgnitionUrl(subject.urls());
    },
    get metadata_url() {
      return metadataUrl(subject.urls());
    },
    get generic_url() {
      return genericUrl(subject.urls());
    },
    get report_url() {
      return reportUrl(subject.urls());
    },
  };
}

/** The id of the record; of an unknown machine its MAC address. Empty if it has neither. */
function machineId({ labels, machine }: RenderSubject): string {
  return machine?.id ?? labels.get('mac')?.replaceAll(':', '-') ?? '';
}

/** The variables of /metadata: as Matchbox has it, metadata, selector labels and the request, and nothing else. */
export function metadataVariables(subject: RenderSubject): TemplateVariables {
  return { ...metadataOf(subject), ...selectorLabels(subject, (value) => value) };
}

function metadataOf({ profile, group, machine }: RenderSubject): JsonObject {
  return { ...profile.metadata, ...group.metadata, ...machine?.metadata };
}

function selectorLabels(
  { group, labels }: RenderSubject,
  make: (value: string) => unknown,
): TemplateVariables {
  const variables: Record<string, unknown> = {};
  for (const label of group.selector.keys()) {
    const value = labels.get(label);
    if (value !== undefined) variables[label] = make(value);
  }
  return variables;
}

/** `request`: the query as labels and as it came. */
export function requestVariables(labels: Labels, context: RenderContext): JsonObject {
  const asked = new Set([...new URLSearchParams(context.rawQuery).keys()].map(labelName));
  return {
    query: Object.fromEntries([...labels].filter(([name]) => asked.has(name))),
    raw_query: context.rawQuery,
  };
}

function labelName(parameter: string): string {
  const lower = parameter.toLowerCase();
  return lower === 'mac' || lower === 'uuid' ? lower : parameter;
}

function hostOf(origin: string): string {
  return /^https?:\/\/(\[[^\]]*\]|[^:/]+)/.exec(origin)?.[1] ?? '';
}
