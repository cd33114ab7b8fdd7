import type { TokenUse } from '../machines/lifecycle/life.ts';
import type { Labels } from '../selection/labels.ts';

/** The tokens of a boot session that the request for an answer made known. None are known without a session. */
export type KnownTokens = Readonly<Partial<Record<TokenUse, string>>>;

/** What the URLs of one machine are made of. */
export interface MachineUrlParts {
  /** Origin of the boot plane as the machine reaches it: `http://10.0.0.2:8080`. */
  readonly origin: string;
  /** The labels that the machine sends. */
  readonly labels: Labels;
  /** The labels that groups select by; besides these, only `mac` and `uuid` are put into URLs. */
  readonly selectorLabels: ReadonlySet<string>;
  readonly tokens: KnownTokens;
}

/** The label with which an installer asks for the config of the installed system. */
export const INSTALLED_LABEL = ['os', 'installed'] as const;

/** The URL of the machine's Ignition config, with every label that is needed to select it. */
export function ignitionUrl(parts: MachineUrlParts): string {
  return urlOf(parts, '/ignition', selectingLabels(parts), parts.tokens.boot);
}

/** The URL of the config of the system that an installer writes to the disk. */
export function installedIgnitionUrl(parts: MachineUrlParts): string {
  const [name, value] = INSTALLED_LABEL;
  const labels = selectingLabels(parts).filter(([label]) => label !== name);
  return urlOf(parts, '/ignition', [...labels, [name, value]], parts.tokens.installed);
}

/** The URL of the machine's metadata. */
export function metadataUrl(parts: MachineUrlParts): string {
  return urlOf(parts, '/metadata', selectingLabels(parts), tokenOfConfigs(parts));
}

/** The URL of the profile's generic templates; `&name=NAME` is to be appended if the profile has several. */
export function genericUrl(parts: MachineUrlParts): string {
  return urlOf(parts, '/generic', selectingLabels(parts), tokenOfConfigs(parts));
}

/** The URL to which the machine reports. */
export function reportUrl(parts: MachineUrlParts): string {
  const labels = [...parts.labels].filter(([name]) => isIdentity(name));
  return urlOf(parts, '/report', labels, parts.tokens.report);
}

/** The running boot's own token, or in the config of the installed system that system's. */
function tokenOfConfigs({ tokens }: MachineUrlParts): string | undefined {
  return tokens.boot ?? tokens.installed;
}

function selectingLabels({ labels, selectorLabels }: MachineUrlParts): (readonly [string, string])[] {
  return [...labels].filter(([name]) => name !== 'machine' && (isIdentity(name) || selectorLabels.has(name)));
}

function isIdentity(name: string): boolean {
  return name === 'mac' || name === 'uuid';
}

function urlOf(
  { origin }: MachineUrlParts,
  path: string,
  labels: Iterable<readonly [string, string]>,
  token: string | undefined,
): string {
  const query: string[] = [];
  for (const [name, value] of labels) {
    const text = name === 'mac' ? value.replaceAll(':', '-') : value;
    query.push(`${encodeQuery(name)}=${encodeQuery(text)}`);
  }
  if (token !== undefined) query.push(`token=${token}`);
  // `&name=` and `&status=` may follow.
  const mark = query.length > 0 || path === '/generic' || path === '/report' ? '?' : '';
  return `${origin}${path}${mark}${query.join('&')}`;
}

/**
 * Text for a query, in which characters that encodeURIComponent leaves but shells and YAML interpret are escaped too; a
 * lone surrogate becomes U+FFFD.
 */
function encodeQuery(text: string): string {
  const wellFormed = Buffer.from(text, 'utf8').toString('utf8');
  return encodeURIComponent(wellFormed).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
