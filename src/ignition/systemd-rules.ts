import type { Config, Dropin, Node, Systemd, Unit } from './config.ts';
import { pathExtension } from './go-path.ts';
import { quote } from './go-text.ts';
import { inspectUnit } from './systemd-unit.ts';
import type { ValidationContext } from './validation-context.ts';

const UNIT_DIRECTORY = '/etc/systemd/system/';

/** Rules of Config: a unit or drop-in with contents must not also be written through storage. */
export function checkConfig(config: Config, context: ValidationContext): void {
  const { directories = [], files = [], links = [] } = config.storage ?? {};
  const taken = new Set<string>();
  for (const { name = '', contents, dropins = [] } of config.systemd?.units ?? []) {
    if (contents) taken.add(`${UNIT_DIRECTORY}${name}`);
    for (const dropin of dropins) {
      if (dropin.contents) taken.add(`${UNIT_DIRECTORY}${name}.d/${dropin.name ?? ''}`);
    }
  }
  const checkPaths = (list: string, nodes: readonly Node[]): void => {
    for (const [index, { path = '' }] of nodes.entries()) {
      if (!taken.has(path)) continue;
      context.error('path conflicts with systemd unit or dropin', 'storage', list, index, 'path');
    }
  };
  checkPaths('files', files);
  checkPaths('directories', directories);
  checkPaths('links', links);
}

/** Rules of Systemd: an enabled instance needs an [Install] section in its template. */
export function checkSystemd({ units = [] }: Systemd, context: ValidationContext): void {
  const byName = new Map(units.map((unit) => [unit.name ?? '', unit]));
  for (const [index, { name = '', enabled }] of units.entries()) {
    const template = enabled === true ? templateOf(name) : undefined;
    const contents = template === undefined ? undefined : byName.get(template)?.contents;
    if (template === undefined || !contents || !lacksInstall(contents)) continue;
    context.warn(
      `template unit ${quote(template)} for ${quote(name)} doesn't have Install section`,
      ...['units', index, 'contents'],
    );
  }
}

/** Whether a unit can be parsed and has nothing in [Install]; a unit that cannot be parsed is reported elsewhere. */
function lacksInstall(contents: string): boolean {
  const findings = inspectUnit(contents);
  return findings.kind === 'unit' && !findings.hasInstallOption;
}

/** The template of an instance such as `getty@tty1.service`, or undefined. */
function templateOf(name: string): string | undefined {
  const at = name.indexOf('@', 1);
  const suffix = '.service';
  const isInstance = at > 0 && name.endsWith(suffix) && name.length - suffix.length > at + 1;
  return isInstance && !name.includes('\n') ? `${name.slice(0, at)}@.service` : undefined;
}

const UNIT_EXTENSIONS = [
  ...['.service', '.socket', '.device', '.mount', '.automount', '.swap'],
  ...['.target', '.path', '.timer', '.snapshot', '.slice', '.scope'],
];

/** Rules of Unit. */
export function checkUnit({ name = '', contents, enabled }: Unit, context: ValidationContext): void {
  if (!UNIT_EXTENSIONS.includes(pathExtension(name))) {
    context.error('invalid systemd unit extension', 'name');
  }
  if (!contents) return;
  const findings = inspectUnit(contents);
  if (findings.kind === 'fault') {
    context.error(`invalid unit content: ${findings.message}`, 'contents');
  } else if (enabled === true && !findings.hasInstallOption) {
    context.warn(
      `unit ${quote(name)} is enabled, but has no install section so enable does nothing`,
      'contents',
    );
  }
}

/** Rules of Dropin. */
export function checkDropin({ name = '', contents = '' }: Dropin, context: ValidationContext): void {
  const findings = inspectUnit(contents);
  if (findings.kind === 'fault') context.error(`invalid unit content: ${findings.message}`, 'contents');
  if (pathExtension(name) !== '.conf') context.error('invalid systemd drop-in extension', 'name');
}
