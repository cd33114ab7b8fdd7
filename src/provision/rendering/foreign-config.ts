import { findSpecVersion, SPEC_VERSIONS } from '../../ignition/spec-version.ts';

/** What a text is that was expected to be Butane or Ignition, and what to do about it. */
export interface ForeignConfig {
  /** Where it shows, counted from 1. */
  readonly line: number;
  readonly message: string;
}

const BUTANE_BEGINS = 'begin it with the lines "variant: flatcar" and "version: 1.1.0"';

/** Keys of Container Linux Configs that Butane does not have. */
const CONTAINER_LINUX_KEY = /^(etcd|flannel|locksmith|update|docker|networkd):/m;

/** Keys that cloud-config has at the top of a document, and Butane does not. */
const CLOUD_CONFIG_KEY = /^(coreos|write_files|runcmd|bootcmd|packages|users|ssh_authorized_keys):/m;

/**
 * Recognises common mistakes: cloud-config, Container Linux Configs, Ignition in a file named as Butane, documents of
 * Matchbox and Kubernetes, scripts. `text` is one in which Butane found no variant.
 */
export function recogniseForButane(text: string): ForeignConfig {
  const content = firstContent(text);
  if (content === undefined) {
    return { line: 1, message: `this renders to nothing; a Butane document has content: ${BUTANE_BEGINS}` };
  }
  return (
    recogniseHeading(text) ??
    (text.startsWith('{', content) ? recogniseJson(text) : undefined) ??
    recogniseKeys(text) ?? {
      line: lineAt(text, content),
      message: `this is not Butane, since it has no variant: ${BUTANE_BEGINS}`,
    }
  );
}

/** A kind of text that its first lines show. */
function recogniseHeading(text: string): ForeignConfig | undefined {
  return (
    find(
      text,
      /^(?:#cloud-|Content-Type: multipart)/m,
      `this is a cloud-config, which Flatcar does not take from Ignition: write it as Butane; ${BUTANE_BEGINS}`,
    ) ??
    find(text, /^#!/, 'this is a script, and not Butane: put it into a file or a unit of a Butane document')
  );
}

/** A kind of YAML that the keys at its top show. */
function recogniseKeys(text: string): ForeignConfig | undefined {
  return (
    find(
      text,
      CLOUD_CONFIG_KEY,
      `this is a cloud-config, which Flatcar does not take from Ignition: write it as Butane; ${BUTANE_BEGINS}`,
    ) ??
    find(
      text,
      CONTAINER_LINUX_KEY,
      `this is a Container Linux Config, of which Butane took over most: ${BUTANE_BEGINS}, and write what it does not know (etcd, update, locksmith, networkd and so on) as files and units`,
    ) ??
    find(
      text,
      /^\s*(?:- )?filesystem: ["']?root/m,
      `this is a Container Linux Config: ${BUTANE_BEGINS}, and leave "filesystem" out`,
    ) ??
    find(
      text,
      /^apiVersion:/m,
      'this is a document of Kubernetes, and not Butane: put it into a file of a Butane document',
    ) ??
    find(
      text,
      /^ignition:\s*\n\s+version:/m,
      `this is Ignition written as YAML, and has no variant: write it as Butane; ${BUTANE_BEGINS}, and leave "ignition.version" out`,
    )
  );
}

function find(text: string, pattern: RegExp, message: string): ForeignConfig | undefined {
  const match = pattern.exec(text);
  return match === null ? undefined : { line: lineAt(text, match.index), message };
}

const NOT_IGNITION = 'this is Butane, and not Ignition JSON: name the template with the ending .bu';

/** Recognises why a text is not Ignition 3; undefined when nothing is known about it. */
export function recogniseForIgnition(text: string): ForeignConfig | undefined {
  const content = firstContent(text);
  if (content === undefined) {
    return { line: 1, message: 'this renders to nothing, and not to Ignition JSON' };
  }
  if (/[[{"\d]|null|true|false/y.test(text.slice(content))) {
    return recogniseMatchbox(text) ?? recogniseVersion(text, content);
  }
  return find(text, /^variant:/m, NOT_IGNITION) ?? recogniseHeading(text) ?? recogniseKeys(text);
}

function recogniseMatchbox(text: string): ForeignConfig | undefined {
  const matchbox = /"(?:ignition_id|cloud_id|generic_id)"/.exec(text);
  if (matchbox === null) return undefined;
  return {
    line: lineAt(text, matchbox.index),
    message:
      'this is a profile of Matchbox, and not a config: write it as a profile, with `ignition` in place of `ignition_id`',
  };
}

/** JSON without a version of Ignition that is known; undefined where it has one, or nothing shows what it is. */
function recogniseVersion(text: string, content: number): ForeignConfig | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return recogniseOldIgnition(text);
  }
  const root = value as { ignition?: { version?: unknown } | null; variant?: unknown } | null;
  if (typeof root?.variant === 'string') return { line: lineAt(text, content), message: NOT_IGNITION };
  const version = root?.ignition?.version;
  if (typeof version === 'string' && findSpecVersion(version) !== undefined) return undefined;
  const old = recogniseOldIgnition(text);
  if (old !== undefined) return old;
  if (version === undefined) {
    const newest = SPEC_VERSIONS.findLast(isStable);
    const message = `this is not Ignition JSON, since it has no version: it begins with {"ignition": {"version": "${newest}"}`;
    return { line: lineAt(text, content), message };
  }
  const at = /"version"/.exec(text)?.index ?? content;
  const message = `ignition.version must be one of ${SPEC_VERSIONS.filter(isStable).join(', ')}, in quotes`;
  return { line: lineAt(text, at), message };
}

function isStable(version: string): boolean {
  return !version.endsWith('-experimental');
}

function recogniseJson(text: string): ForeignConfig | undefined {
  const known = recogniseMatchbox(text) ?? recogniseOldIgnition(text);
  if (known !== undefined) return known;
  const ignition = /"ignition"/.exec(text);
  if (ignition === null) return undefined;
  return {
    line: lineAt(text, ignition.index),
    message: 'this is Ignition JSON, and not Butane: name the template with the ending .ign',
  };
}

function recogniseOldIgnition(text: string): ForeignConfig | undefined {
  const [first] = [...text.matchAll(/"ignitionVersion"|"version"\s*:\s*"([0-2]\.\d+\.\d+[^"]*)"/g)];
  if (first === undefined) return undefined;
  const version = first[1] === undefined ? '1' : /^\d\.\d+\.\d+/.exec(first[1])?.[0];
  return {
    line: lineAt(text, first.index),
    message: `this is Ignition ${version}, and machines are given 3.0.0 or newer: convert it with ign-converter (https://github.com/flatcar/ign-converter), or write it as Butane`,
  };
}

/** Offset of the first character that is not blank or in a comment of YAML. */
function firstContent(text: string): number | undefined {
  const match = /^(?:\s*(?:#.*|---.*)?\n)*\s*(?!#)\S/.exec(text);
  if (match === null) return undefined;
  return match[0].length - 1;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
