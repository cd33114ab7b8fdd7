import type { Config, File } from '../../ignition/config.ts';
import { joinPath } from '../../ignition/go-path.ts';
import type { Path } from '../../ignition/report.ts';
import { readLocal } from '../butane-files.ts';
import { encodeContents } from '../encode-contents.ts';
import { MESSAGES } from '../messages.ts';
import { NodeTracker } from './node-tracker.ts';
import type { Translations } from '../provenance.ts';
import type { TranslationContext } from '../translation-context.ts';

/** A unit for podman's systemd generator. */
export type Quadlet = QuadletContents & { dropins?: QuadletContents[]; rootful?: boolean };

type QuadletContents = { contents?: string; contents_local?: string; name?: string };

/** Where podman looks for units of the system and of all users (podman-systemd.unit(5)). */
const SYSTEM_DIRECTORY = '/etc/containers/systemd';
const USERS_DIRECTORY = '/etc/containers/systemd/users';

const FILE_MODE = 0o644;

/** The template of an instance such as `web@1.container`, here `web@.container`; undefined for all other names. */
export function templateOfInstance(name: string): string | undefined {
  const at = name.indexOf('@');
  const dot = name.lastIndexOf('.');
  if (at < 0 || dot < 0 || at + 1 === dot) return undefined;
  return `${name.slice(0, at)}@.${name.slice(dot + 1)}`;
}

/** Adds quadlets and their drop-ins as files; an instance becomes a link to its template. */
export function addQuadlets(
  quadlets: readonly Quadlet[],
  config: Config,
  provenance: Translations,
  context: TranslationContext,
): Config {
  if (quadlets.length === 0) return config;
  const nodes = new NodeTracker(config);
  provenance.add(['systemd', 'quadlets'], ['storage']);
  for (const [index, quadlet] of quadlets.entries()) {
    const { name = '', rootful = false, dropins = [] } = quadlet;
    const at = ['systemd', 'quadlets', index];
    const path = joinPath(rootful ? SYSTEM_DIRECTORY : USERS_DIRECTORY, name);
    const template = templateOfInstance(name);
    if (template === undefined) addFile(quadlet, path, at, nodes, provenance, context);
    else addInstance(template, path, at, nodes, provenance, context);
    for (const [dropinIndex, dropin] of dropins.entries()) {
      const dropinPath = `${path}.d/${dropin.name ?? ''}`;
      addFile(dropin, dropinPath, [...at, 'dropins', dropinIndex], nodes, provenance, context);
    }
  }
  return nodes.config();
}

function addInstance(
  target: string,
  path: string,
  at: Path,
  nodes: NodeTracker,
  provenance: Translations,
  context: TranslationContext,
): void {
  if (nodes.has(path)) {
    context.error(MESSAGES.nodeExists, at);
    return;
  }
  const index = nodes.addLink(path, { path, target });
  if (index === 0) provenance.add(at, ['storage', 'links']);
  provenance.addWhole(at, ['storage', 'links', index]);
  provenance.add([...at, 'name'], ['storage', 'links', index, 'path']);
}

function addFile(
  { contents, contents_local: contentsLocal }: QuadletContents,
  path: string,
  at: Path,
  nodes: NodeTracker,
  provenance: Translations,
  context: TranslationContext,
): void {
  if (nodes.has(path)) {
    context.error(MESSAGES.nodeExists, at);
    return;
  }
  const file: File = { path, mode: FILE_MODE };
  const index = nodes.addFile(path, file);
  const to = ['storage', 'files', index];
  if (index === 0) provenance.add(at, ['storage', 'files']);
  provenance.addWhole(at, to);
  provenance.add([...at, 'name'], [...to, 'path']);

  const from = contents ? 'contents' : contentsLocal ? 'contents_local' : undefined;
  const source = from === undefined ? at : [...at, from];
  const bytes = context.embed(source, () =>
    contentsLocal && !contents
      ? readLocal(contentsLocal, context.files, context.containment)
      : Buffer.from(contents ?? '', 'utf8'),
  );
  if (!bytes) return;
  file.contents = encodeContents(bytes, undefined);
  provenance.add(source, [...to, 'contents']);
  provenance.add(source, [...to, 'contents', 'source']);
}
