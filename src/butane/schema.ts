import { schemaOf } from '../ignition/schema.ts';
import type { FieldSchema, StructSchema } from '../ignition/schema.ts';
import { specMinor, SPEC_VERSIONS } from '../ignition/spec-version.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';

/**
 * The fields of every Butane specification, derived from those of the Ignition specification it compiles to: the same
 * fields in snake_case, plus the sugar in the tables below. Sources: base/v0_*\/schema.go and
 * config/{fcos,flatcar}/v1_*\/schema.go of coreos/butane.
 */

/** A mapping of a Butane document. */
export interface ButaneStruct {
  /** Name of the Go type without its package. */
  readonly goName: string;
  /** Package and name, for messages: `v0_5.Storage`. */
  readonly goType: string;
  readonly fields: readonly ButaneField[];
  /** The fields by their key in YAML. */
  readonly byKey: ReadonlyMap<string, ButaneField>;
}

/** A key of a mapping. */
export type ButaneField = ButaneScalar | ButaneStructField | ButaneList;

interface FieldBase {
  /** The key in YAML. */
  readonly key: string;
  /** The property in the decoded value: the JSON name of an Ignition field, the key itself of a sugar field. */
  readonly name: string;
  /** Whether the field has no counterpart in the Ignition specification. */
  readonly sugar: boolean;
}

/** A key with a string, whole number or boolean. */
export interface ButaneScalar extends FieldBase {
  readonly kind: 'string' | 'int' | 'bool';
}

/** A key with a mapping. */
export interface ButaneStructField extends FieldBase {
  readonly kind: 'struct';
  readonly struct: ButaneStruct;
  /** Whether it is a pointer in Go, so that a null leaves it unset. */
  readonly pointer: boolean;
}

/** A list of structs, or of strings if `item` is undefined. */
export interface ButaneList extends FieldBase {
  readonly kind: 'list';
  readonly item: ButaneStruct | undefined;
  readonly itemGoType: string;
}

/** A sugar field; `since` is the minor version of the Ignition specification that its first version compiles to. */
interface SugarField {
  readonly key: string;
  readonly since: number;
  readonly type:
    'string' | 'int' | 'bool' | 'strings' | SugarStruct | { readonly listOf: SugarStruct | 'Tang' };
}

/** A struct of sugar fields, or an Ignition struct by name. */
interface SugarStruct {
  readonly goName: string;
  readonly fields: readonly SugarField[];
}

function sugar(key: string, type: SugarField['type'], since = 0): SugarField {
  return { key, type, since };
}

const owner = (goName: string): SugarStruct => ({
  goName,
  fields: [sugar('id', 'int'), sugar('name', 'string')],
});

const TREE: SugarStruct = {
  goName: 'Tree',
  fields: [
    sugar('group', owner('NodeGroup'), 6),
    sugar('local', 'string'),
    sugar('path', 'string'),
    sugar('user', owner('NodeUser'), 6),
    sugar('file_mode', 'int', 6),
    sugar('dir_mode', 'int', 6),
  ],
};

const QUADLET: SugarStruct = {
  goName: 'Quadlet',
  fields: [
    sugar('contents', 'string'),
    sugar('contents_local', 'string'),
    sugar('name', 'string'),
    sugar('rootful', 'bool'),
    sugar('dropins', {
      listOf: {
        goName: 'Dropin',
        fields: [sugar('contents', 'string'), sugar('contents_local', 'string'), sugar('name', 'string')],
      },
    }),
  ],
};

/** Sugar inside structs that also exist in Ignition. */
const SUGAR_OF_BASE: Readonly<Record<string, readonly SugarField[]>> = {
  FileContents: [sugar('inline', 'string')],
  Resource: [sugar('inline', 'string', 1), sugar('local', 'string', 1)],
  Filesystem: [sugar('with_mount_unit', 'bool', 1)],
  Storage: [sugar('trees', { listOf: TREE }, 1)],
  PasswdUser: [sugar('ssh_authorized_keys_local', 'strings', 4)],
  Unit: [sugar('contents_local', 'string', 4)],
  Dropin: [sugar('contents_local', 'string', 4)],
  Systemd: [sugar('quadlets', { listOf: QUADLET }, 7)],
};

const BOOT_DEVICE: SugarStruct = {
  goName: 'BootDevice',
  fields: [
    sugar('layout', 'string'),
    sugar('luks', {
      goName: 'BootDeviceLuks',
      fields: [
        sugar('cex', { goName: 'Cex', fields: [sugar('enabled', 'bool')] }, 5),
        sugar('discard', 'bool', 4),
        sugar('device', 'string', 5),
        sugar('tang', { listOf: 'Tang' }),
        sugar('threshold', 'int'),
        sugar('tpm2', 'bool'),
      ],
    }),
    sugar('mirror', { goName: 'BootDeviceMirror', fields: [sugar('devices', 'strings')] }),
  ],
};

const GRUB: SugarStruct = {
  goName: 'Grub',
  fields: [
    sugar('users', {
      listOf: { goName: 'GrubUser', fields: [sugar('name', 'string'), sugar('password_hash', 'string')] },
    }),
  ],
};

/** The sections that a Butane specification has in addition to those of its Ignition specification. */
export interface VariantSections {
  /** Package of the variant's own Go types: `v1_5`. */
  readonly goPackage: string;
  readonly bootDevice: boolean;
  readonly grub: boolean;
}

/** Builds the root struct of a Butane specification. */
export function butaneSchema(spec: SpecVersion, sections: VariantSections): ButaneStruct {
  return new SchemaBuilder(spec, sections).root();
}

/** Turns the camelCase name of an Ignition field into Butane's snake_case: `sizeMiB` is `size_mib`. */
export function snakeCase(name: string): string {
  return name.replace(/MiB|[A-Z]/g, (upper) => `_${upper.toLowerCase()}`);
}

/** List items that have their own Go type in Butane; all others are plain strings. */
const NAMED_STRINGS = new Set(['Group', 'Device', 'KernelArgument', 'SSHAuthorizedKey']);

class SchemaBuilder {
  readonly #spec: SpecVersion;
  readonly #minor: number;
  readonly #sections: VariantSections;
  readonly #basePackage: string;
  readonly #derived = new Map<StructSchema, ButaneStruct>();

  constructor(spec: SpecVersion, sections: VariantSections) {
    this.#spec = spec;
    this.#minor = specMinor(spec);
    this.#sections = sections;
    const suffix = this.#minor === SPEC_VERSIONS.length - 1 ? '_exp' : '';
    this.#basePackage = `v0_${this.#minor + 1}${suffix}`;
  }

  root(): ButaneStruct {
    const config = this.#derive(schemaOf(this.#spec));
    const { goPackage } = this.#sections;
    const own: SugarField[] = [];
    if (this.#sections.bootDevice) own.push(sugar('boot_device', BOOT_DEVICE));
    if (this.#sections.grub) own.push(sugar('grub', GRUB));
    const fields: ButaneField[] = [
      ...['version', 'variant'].map((key) => ({ key, name: key, sugar: true, kind: 'string' }) as const),
      ...config.fields.map((field) => (field.key === 'ignition' ? withoutVersion(field) : field)),
      ...this.#sugarFields(own, goPackage),
    ];
    return struct('Config', `${goPackage}.Config`, fields);
  }

  #derive(schema: StructSchema): ButaneStruct {
    const known = this.#derived.get(schema);
    if (known) return known;
    const fields = [
      ...schema.fields.map((field) => this.#deriveField(field)),
      ...this.#sugarFields(SUGAR_OF_BASE[schema.goName] ?? [], this.#basePackage),
    ];
    const derived = struct(schema.goName, `${this.#basePackage}.${schema.goName}`, fields);
    this.#derived.set(schema, derived);
    return derived;
  }

  #deriveField(field: FieldSchema): ButaneField {
    const base = { key: snakeCase(field.name), name: field.name, sugar: false };
    if (field.kind === 'struct') {
      return { ...base, kind: 'struct', struct: this.#derive(field.struct), pointer: field.pointer };
    }
    if (field.kind !== 'list') return { ...base, kind: field.kind };
    const item = field.item && this.#derive(field.item);
    const { itemGoName } = field;
    const named = item !== undefined || NAMED_STRINGS.has(itemGoName);
    return {
      ...base,
      kind: 'list',
      item,
      itemGoType: named ? `${this.#basePackage}.${itemGoName}` : 'string',
    };
  }

  #sugarFields(fields: readonly SugarField[], goPackage: string): ButaneField[] {
    return fields
      .filter(({ since }) => since <= this.#minor)
      .map(({ key, type }): ButaneField => {
        const base = { key, name: key, sugar: true };
        if (type === 'strings') return { ...base, kind: 'list', item: undefined, itemGoType: 'string' };
        if (typeof type === 'string') return { ...base, kind: type };
        if ('listOf' in type) {
          const item = type.listOf === 'Tang' ? this.#tang() : this.#sugarStruct(type.listOf, goPackage);
          return { ...base, kind: 'list', item, itemGoType: item.goType };
        }
        return { ...base, kind: 'struct', struct: this.#sugarStruct(type, goPackage), pointer: false };
      });
  }

  #sugarStruct({ goName, fields }: SugarStruct, goPackage: string): ButaneStruct {
    return struct(goName, `${goPackage}.${goName}`, this.#sugarFields(fields, goPackage));
  }

  /** Tang servers of the boot device are those of storage.luks. */
  #tang(): ButaneStruct {
    for (const [schema, derived] of this.#derived) if (schema.goName === 'Tang') return derived;
    throw new Error(`Ignition ${this.#spec} has no Tang servers.`);
  }
}

function struct(goName: string, goType: string, fields: readonly ButaneField[]): ButaneStruct {
  return { goName, goType, fields, byKey: new Map(fields.map((field) => [field.key, field])) };
}

/** The version of the Ignition configuration follows from the Butane version. */
function withoutVersion(field: ButaneField): ButaneField {
  if (field.kind !== 'struct') return field;
  const { goName, goType, fields } = field.struct;
  const kept = fields.filter(({ name }) => name !== 'version');
  return { ...field, struct: struct(goName, goType, kept) };
}
