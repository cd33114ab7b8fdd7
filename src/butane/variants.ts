import { formatSemVer, parseSemVer } from '../ignition/semver.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { butaneSchema } from './schema.ts';
import type { ButaneStruct } from './schema.ts';

/** Everything that distinguishes one Butane specification from another. */
export interface ButaneSpec {
  readonly variant: 'flatcar' | 'fcos';
  readonly version: string;
  /** The Ignition specification it compiles to. */
  readonly ignition: SpecVersion;
  readonly schema: ButaneStruct;
  /** Fields of `storage.luks` that the Ignition specification has but the variant does not allow. */
  readonly forbiddenLuksFields: readonly ('clevis' | 'cex')[];
}

interface Definition {
  readonly variant: 'flatcar' | 'fcos';
  readonly version: string;
  readonly ignition: SpecVersion;
  readonly bootDevice?: boolean;
  readonly grub?: boolean;
  readonly forbids?: readonly ('clevis' | 'cex')[];
}

const DEFINITIONS: readonly Definition[] = [
  { variant: 'flatcar', version: '1.0.0', ignition: '3.3.0', forbids: ['clevis'] },
  { variant: 'flatcar', version: '1.1.0', ignition: '3.4.0', forbids: ['clevis'] },
  { variant: 'flatcar', version: '1.2.0-experimental', ignition: '3.7.0-experimental', forbids: ['cex'] },
  { variant: 'fcos', version: '1.0.0', ignition: '3.0.0' },
  { variant: 'fcos', version: '1.1.0', ignition: '3.1.0' },
  { variant: 'fcos', version: '1.2.0', ignition: '3.2.0' },
  { variant: 'fcos', version: '1.3.0', ignition: '3.2.0', bootDevice: true },
  { variant: 'fcos', version: '1.4.0', ignition: '3.3.0', bootDevice: true },
  { variant: 'fcos', version: '1.5.0', ignition: '3.4.0', bootDevice: true, grub: true },
  { variant: 'fcos', version: '1.6.0', ignition: '3.5.0', bootDevice: true, grub: true },
  { variant: 'fcos', version: '1.7.0', ignition: '3.6.0', bootDevice: true, grub: true },
  {
    variant: 'fcos',
    version: '1.8.0-experimental',
    ignition: '3.7.0-experimental',
    bootDevice: true,
    grub: true,
  },
];

const RHCOS_REMOVED =
  'rhcos variant has been removed; use openshift variant instead: ' +
  'https://coreos.github.io/butane/upgrading-openshift/';

const SCHEMAS = new Map<string, ButaneSpec>();

/** The specification that a document names, or why there is none, in Butane's words. */
export type SpecChoice = { readonly spec: ButaneSpec } | { readonly error: string };

/**
 * Finds the specification of a document's `variant` and `version`. Versions that are equal as semantic versions are
 * the same: `01.1.0` is 1.1.0.
 */
export function chooseSpec(variant: string, version: string): SpecChoice {
  if (variant === '') return { error: 'error parsing variant; must be specified' };
  const semver = parseSemVer(version);
  if (!semver) return { error: 'error parsing version; must be a valid semver' };
  const canonical = formatSemVer(semver);
  if (variant === 'rhcos' && canonical === '0.1.0') return { error: RHCOS_REMOVED };
  const definition = DEFINITIONS.find((known) => known.variant === variant && known.version === canonical);
  if (definition) return { spec: specOf(definition) };
  return { error: `No translator exists for variant ${variant} with version ${canonical}` };
}

/** The versions of a variant, oldest first; none of a variant that is not known. */
export function versionsOf(variant: string): string[] {
  return DEFINITIONS.filter((known) => known.variant === variant).map(({ version }) => version);
}

/** Schemas are built when they are first needed: a compilation needs one of twelve. */
function specOf(definition: Definition): ButaneSpec {
  const { variant, version, ignition, bootDevice = false, grub = false, forbids = [] } = definition;
  const key = `${variant}+${version}`;
  let spec = SCHEMAS.get(key);
  if (!spec) {
    const goPackage = `v${version.replace('-experimental', '_exp').replace('.0', '').replaceAll('.', '_')}`;
    const schema = butaneSchema(ignition, { goPackage, bootDevice, grub });
    spec = { variant, version, ignition, schema, forbiddenLuksFields: forbids };
    SCHEMAS.set(key, spec);
  }
  return spec;
}
