import type { Config, ConfigObject } from '../../ignition/config.ts';
import type { VersionedConfig } from '../../ignition/merge-layers.ts';
import type { Entry, Path } from '../../ignition/report.ts';
import { formatPath } from '../../ignition/report.ts';
import type { TemplateNote } from './config-faults.ts';
import type { RenderedSource } from './rendered-source.ts';
import { TemplateError } from './template-error.ts';

type Layer = VersionedConfig & { readonly source: RenderedSource };

/** Units and drop-ins are written here. */
const UNIT_FOLDER = '/etc/systemd/system/';

/**
 * Describes a fault that appeared only by merging the layers of a config: by the name of the item, since an index in
 * the merged config means nothing to the author, and by the layers that contain it.
 */
export function describeMergedFaults(
  errors: readonly Entry[],
  merged: Config,
  layers: readonly Layer[],
): TemplateError {
  const all = layers.map(({ source }) => source.name).join(' + ');
  const [first, ...further] = errors.map(({ path, message }) => {
    const item = findItem(merged, path);
    const having = layers.filter(({ config }) => item !== undefined && hasItem(config, item.list, item.name));
    const last = having.at(-1) ?? layers.at(-1);
    const rest = item === undefined ? formatPath(path) : item.rest;
    const from = having.map(({ source }) => source.name).join(' and ');
    const what = `${message}, in the config merged of ${all}${from === '' ? '' : `; it comes from ${from}`}`;
    const other = item === undefined ? undefined : unitLayer(item.name, layers);
    const sentence = other === undefined ? what : `${what}, and the unit from ${other.source.name}`;
    const source = last?.source;
    const isShown = item !== undefined && layers.some((layer) => isWritten(layer.source, item.name));
    const subject = isShown ? `${item.name}: ${rest === '' ? '' : `${rest}: `}` : `${formatPath(path)}: `;
    const place = source !== undefined && isShown ? lineOf(source, item.name) : undefined;
    return new TemplateError(source?.name ?? all, `${subject}${sentence}`, place);
  });
  if (first === undefined) throw new Error('A merged config without a fault was described.');
  return first.with(further);
}

/** A note about a text of one of the templates, at the last place where it stands. */
export function placeOfText(sources: readonly RenderedSource[], text: string, message: string): TemplateNote {
  const source =
    sources.findLast(({ template }) => template.includes(text)) ??
    sources.findLast((candidate) => candidate.text.includes(text)) ??
    sources.at(-1);
  const template = source?.name ?? '';
  const place = source === undefined ? undefined : lineOf(source, text);
  const shown = sources.some((candidate) => isWritten(candidate, text)) ? `${text}: ` : '';
  return { template, message: `${shown}${message}`, ...place };
}

/** Whether a text stands in the template itself, so that it is not a value of metadata. */
function isWritten({ template, text }: RenderedSource, part: string): boolean {
  return template === text || template.includes(part);
}

/** The line of a template that contains the text as a complete path. */
function lineOf({ template }: RenderedSource, text: string): { line: number; column: number } | undefined {
  for (const [index, line] of template.split('\n').entries()) {
    for (let at = line.indexOf(text); at >= 0; at = line.indexOf(text, at + 1)) {
      if (!/[\w./-]/.test(line.charAt(at + text.length))) return { line: index + 1, column: at + 1 };
    }
  }
  return undefined;
}

interface Item {
  /** Section and list, `storage.files`. */
  readonly list: readonly [string, string];
  readonly name: string;
  /** The rest of the path behind the item. */
  readonly rest: string;
}

function findItem(config: Config, path: Path): Item | undefined {
  const [section, list, index, ...rest] = path;
  if (typeof section !== 'string' || typeof list !== 'string' || typeof index !== 'number') return undefined;
  const name = nameOf(itemsOf(config, [section, list])[index]);
  return name === undefined ? undefined : { list: [section, list], name, rest: rest.join('.') };
}

function hasItem(config: Config, list: readonly [string, string], name: string): boolean {
  return itemsOf(config, list).some((item) => nameOf(item) === name);
}

function itemsOf(config: Config, [section, list]: readonly [string, string]): readonly unknown[] {
  const items = (config as unknown as Record<string, ConfigObject | undefined>)[section]?.[list];
  return Array.isArray(items) ? items : [];
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { path, name, device } = item as { path?: unknown; name?: unknown; device?: unknown };
  return [path, name, device].find((text): text is string => typeof text === 'string' && text !== '');
}

/** The last layer whose unit or drop-in is written at a path. */
function unitLayer(path: string, layers: readonly Layer[]): Layer | undefined {
  if (!path.startsWith(UNIT_FOLDER)) return undefined;
  const [unit = '', dropin] = path.slice(UNIT_FOLDER.length).split('.d/');
  return layers.findLast(({ config }) =>
    config.systemd?.units?.some(
      ({ name, dropins = [] }) =>
        name === unit && (dropin === undefined || dropins.some((each) => each.name === dropin)),
    ),
  );
}
