import type { Config } from './config.ts';
import { mergeConfigs } from './merge.ts';
import type { MergeOptions } from './merge.ts';
import { compareSpecVersions } from './spec-version.ts';
import type { SpecVersion } from './spec-version.ts';
import { upconvertConfig } from './upconvert.ts';

/** A configuration and its specification. */
export interface VersionedConfig {
  readonly config: Config;
  readonly spec: SpecVersion;
}

/**
 * Merges configurations, each over those before it, in the newest of their specifications or in `to`; throws
 * SpecDowngradeError if one is newer than `to`. The result of valid configurations can be invalid, so it must be
 * validated.
 */
export function mergeLayers(
  layers: readonly [VersionedConfig, ...VersionedConfig[]],
  options: MergeOptions & { readonly to?: SpecVersion } = {},
): VersionedConfig {
  const newest = layers.reduce((a, b) => (compareSpecVersions(a.spec, b.spec) >= 0 ? a : b)).spec;
  const spec = options.to ?? newest;
  const config = layers
    .map((layer) => upconvertConfig(layer.config, layer.spec, spec))
    .reduce((parent, child) => mergeConfigs(parent, child, spec, options));
  return { config, spec };
}
