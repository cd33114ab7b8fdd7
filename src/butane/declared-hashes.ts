import { createHash } from 'node:crypto';
import type { Config, ConfigObject, Resource } from '../ignition/config.ts';
import type { Entry } from '../ignition/report.ts';
import { schemaOf } from '../ignition/schema.ts';
import type { StructSchema } from '../ignition/schema.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { embeddedBytes } from './embedded-bytes.ts';

/**
 * Finds embedded contents whose hash differs from the declared one: Ignition would fail at the first boot. Hashes are
 * those of the unpacked contents. Entries have paths of the configuration.
 */
export function checkDeclaredHashes(config: Config, spec: SpecVersion): Entry[] {
  const entries: Entry[] = [];
  const path: (string | number)[] = [];

  function visit(value: ConfigObject, schema: StructSchema): void {
    if (schema.byName.has('verification')) {
      const message = findHashFault(value);
      if (message !== undefined) {
        entries.push({ kind: 'error', path: [...path, 'verification', 'hash'], message });
      }
    }
    for (const field of schema.fields) {
      const inner = value[field.name];
      if (inner === undefined) continue;
      path.push(field.name);
      if (field.kind === 'struct') visit(inner as ConfigObject, field.struct);
      if (field.kind === 'list' && field.item) {
        for (const [index, item] of (inner as ConfigObject[]).entries()) {
          path.push(index);
          visit(item, field.item);
          path.pop();
        }
      }
      path.pop();
    }
  }

  visit(config, schemaOf(spec));
  return entries;
}

function findHashFault(resource: Resource): string | undefined {
  const declared = /^(sha256|sha512)-([0-9a-fA-F]+)$/.exec(resource.verification?.hash ?? '');
  const bytes = declared ? embeddedBytes(resource) : undefined;
  if (!declared || bytes === undefined) return undefined;
  if (typeof bytes === 'string') return `the contents cannot be unpacked to check their hash: ${bytes}`;
  const [, algorithm = '', digest = ''] = declared;
  const actual = createHash(algorithm).update(bytes).digest('hex');
  if (actual === digest.toLowerCase()) return undefined;
  return `the contents have another hash: ${algorithm}-${actual}`;
}
