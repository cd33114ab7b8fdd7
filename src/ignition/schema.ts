import { specMinor, SPEC_VERSIONS } from './spec-version.ts';
import type { SpecVersion } from './spec-version.ts';
import type { ConfigObject, ConfigValue } from './config.ts';

/**
 * The fields of every Ignition specification from 3.0.0 to 3.7.0-experimental, in one set of tables.
 *
 * Parsing, validation, merging, up-conversion and encoding all walk these tables; Butane derives its own from them.
 * A struct lists its fields in the order of Ignition's Go structs (with embedded structs flattened), because that is
 * the order of reports and of encoded output. A field says from which to which specification it exists; a field whose
 * type changed is listed once per type. Source: config/v3_*\/types/schema.go of coreos/ignition.
 */

/** A struct as one specification has it. */
export interface StructSchema {
  /** Name of the Go type, which appears in decoding errors and under which validation rules are registered. */
  readonly goName: string;
  readonly fields: readonly FieldSchema[];
  /** The fields by their exact JSON name. */
  readonly byName: ReadonlyMap<string, FieldSchema>;
  /** What identifies an item in a list of these, for merging and for finding duplicates. */
  readonly keyOf: (item: ConfigObject) => string;
}

/** A field as one specification has it. */
export type FieldSchema = ScalarSchema | StructFieldSchema | ListSchema;

interface FieldBase {
  /** JSON name. */
  readonly name: string;
  /** Whether encoding omits the field when it is nil, empty or zero (Go's omitempty). */
  readonly omitEmpty: boolean;
}

/** A string, whole number or boolean. */
export interface ScalarSchema extends FieldBase {
  readonly kind: 'string' | 'int' | 'bool';
  /** Whether unset differs from zero: a Go pointer. */
  readonly pointer: boolean;
}

/** A struct inside a struct. */
export interface StructFieldSchema extends FieldBase {
  readonly kind: 'struct';
  readonly pointer: boolean;
  readonly struct: StructSchema;
  /** The name of the type in decoding errors, if it is not `types.` and the name of the struct. */
  readonly goType?: string;
}

/** A list of strings (`item` is undefined) or of structs. */
export interface ListSchema extends FieldBase {
  readonly kind: 'list';
  readonly item: StructSchema | undefined;
  /** Name of the Go type of an item, for example `KernelArgument`. */
  readonly itemGoName: string;
  /** Name of the Go type of the whole list, if it has one of its own. */
  readonly listGoName: string | undefined;
  /**
   * Lists of one struct with the same key space must not contain the same key twice, and merge by key; files,
   * directories and links share one. Undefined for lists that may contain repetitions and merge by appending.
   */
  readonly keySpace: string | undefined;
}

/** A field in the tables below: its kind, and the specifications (minor numbers, inclusive) in which it exists. */
interface FieldDefinition {
  readonly name: string;
  readonly since: number;
  readonly until: number;
  readonly omitEmpty: boolean;
  readonly type:
    | { readonly kind: 'string' | 'int' | 'bool'; readonly pointer: boolean }
    | { readonly kind: 'struct'; readonly pointer: boolean; readonly struct: StructDefinition }
    | {
        readonly kind: 'list';
        readonly item: StructDefinition | undefined;
        readonly itemGoName: string;
        readonly listGoName: string | undefined;
        readonly keySpace: string | undefined;
      };
}

interface StructDefinition {
  readonly goName: string;
  readonly fields: readonly FieldDefinition[];
  readonly keyOf: (item: ConfigObject) => string;
}

interface FieldOptions {
  since?: number;
  until?: number;
  omitEmpty?: boolean;
}

interface ListOptions extends FieldOptions {
  listGoName?: string;
  /**
   * The name of the key space, which other lists of the struct may share, or null for a list that may contain
   * repetitions.
   */
  keySpace?: string | null;
}

const OLDEST = 0;
const newest = SPEC_VERSIONS.length - 1;

function field(name: string, type: FieldDefinition['type'], options: FieldOptions): FieldDefinition {
  const { since = OLDEST, until = newest, omitEmpty = true } = options;
  return { name, since, until, omitEmpty, type };
}

/** A scalar that may be unset: a pointer in Go. */
function optional(name: string, kind: 'string' | 'int' | 'bool', options: FieldOptions = {}) {
  return field(name, { kind, pointer: true }, options);
}

/** A scalar that is zero when unset, and is always encoded. */
function required(name: string, kind: 'string' | 'int' | 'bool', options: FieldOptions = {}) {
  return field(name, { kind, pointer: false }, { omitEmpty: false, ...options });
}

function struct(name: string, of: StructDefinition, options: FieldOptions = {}) {
  return field(name, { kind: 'struct', pointer: false, struct: of }, options);
}

function optionalStruct(name: string, of: StructDefinition, options: FieldOptions = {}) {
  return field(name, { kind: 'struct', pointer: true, struct: of }, options);
}

function list(name: string, item: StructDefinition | string, options: ListOptions = {}) {
  const { listGoName, keySpace = name } = options;
  const strings = typeof item === 'string';
  return field(
    name,
    {
      kind: 'list',
      item: strings ? undefined : item,
      itemGoName: strings ? item : item.goName,
      listGoName,
      keySpace: keySpace ?? undefined,
    },
    options,
  );
}

function define(
  goName: string,
  fields: readonly FieldDefinition[],
  keyOf: (item: ConfigObject) => string = () => '',
): StructDefinition {
  return { goName, fields, keyOf };
}

/** Identity by one string field, in which unset equals the empty string. */
function byField(name: string): (item: ConfigObject) => string {
  return (item) => stringOf(item[name]);
}

function stringOf(value: ConfigValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** A partition is identified by its number, or else by its label. */
function partitionKey(partition: ConfigObject): string {
  const { number = 0, label } = partition as { number?: number | bigint; label?: string };
  if (BigInt(number) !== 0n) return `number:${number}`;
  return label === undefined ? '' : `label:${label}`;
}

const verification = define('Verification', [optional('hash', 'string')]);

const httpHeader = define(
  'HTTPHeader',
  [required('name', 'string'), optional('value', 'string')],
  byField('name'),
);

const resource = define(
  'Resource',
  [
    optional('compression', 'string'),
    list('httpHeaders', httpHeader, { listGoName: 'HTTPHeaders' }),
    optional('source', 'string'),
    struct('verification', verification),
  ],
  byField('source'),
);

// Specification 3.0.0 has three structs where later ones have Resource.
const fileContents = define('FileContents', [
  optional('compression', 'string'),
  optional('source', 'string'),
  struct('verification', verification),
]);
const configReference = define(
  'ConfigReference',
  [optional('source', 'string', { omitEmpty: false }), struct('verification', verification)],
  byField('source'),
);
const caReference = define(
  'CaReference',
  [required('source', 'string'), struct('verification', verification)],
  byField('source'),
);

const ignition = define('Ignition', [
  struct(
    'config',
    define('IgnitionConfig', [
      list('merge', configReference, { until: 0 }),
      list('merge', resource, { since: 1 }),
      struct('replace', configReference, { until: 0 }),
      struct('replace', resource, { since: 1 }),
    ]),
  ),
  struct(
    'proxy',
    define('Proxy', [
      optional('httpProxy', 'string'),
      optional('httpsProxy', 'string'),
      list('noProxy', 'NoProxyItem'),
    ]),
    { since: 1 },
  ),
  struct(
    'security',
    define('Security', [
      struct(
        'tls',
        define('TLS', [
          list('certificateAuthorities', caReference, { until: 0 }),
          list('certificateAuthorities', resource, { since: 1 }),
        ]),
      ),
    ]),
  ),
  struct(
    'timeouts',
    define('Timeouts', [optional('httpResponseHeaders', 'int'), optional('httpTotal', 'int')]),
  ),
  required('version', 'string', { omitEmpty: true, until: 2 }),
  required('version', 'string', { since: 3 }),
]);

const kernelArguments = define('KernelArguments', [
  list('shouldExist', 'KernelArgument', { keySpace: 'KernelArgument' }),
  list('shouldNotExist', 'KernelArgument', { keySpace: 'KernelArgument' }),
]);

const passwd = define('Passwd', [
  list(
    'groups',
    define(
      'PasswdGroup',
      [
        optional('gid', 'int'),
        required('name', 'string'),
        optional('passwordHash', 'string'),
        optional('shouldExist', 'bool', { since: 2 }),
        optional('system', 'bool'),
      ],
      byField('name'),
    ),
  ),
  list(
    'users',
    define(
      'PasswdUser',
      [
        optional('gecos', 'string'),
        list('groups', 'Group'),
        optional('homeDir', 'string'),
        required('name', 'string'),
        optional('noCreateHome', 'bool'),
        optional('noLogInit', 'bool'),
        optional('noUserGroup', 'bool'),
        optional('passwordHash', 'string'),
        optional('primaryGroup', 'string'),
        list('sshAuthorizedKeys', 'SSHAuthorizedKey'),
        optional('shell', 'string'),
        optional('shouldExist', 'bool', { since: 2 }),
        optional('system', 'bool'),
        optional('uid', 'int'),
      ],
      byField('name'),
    ),
  ),
]);

/** The part that files, directories and links have in common, embedded first. */
const NODE_FIELDS = [
  struct('group', define('NodeGroup', [optional('id', 'int'), optional('name', 'string')])),
  optional('overwrite', 'bool'),
  required('path', 'string'),
  struct('user', define('NodeUser', [optional('id', 'int'), optional('name', 'string')])),
];

const directory = define('Directory', [...NODE_FIELDS, optional('mode', 'int')], byField('path'));

const file = define(
  'File',
  [
    ...NODE_FIELDS,
    list('append', fileContents, { until: 0, keySpace: null }),
    list('append', resource, { since: 1, keySpace: null }),
    struct('contents', fileContents, { until: 0 }),
    struct('contents', resource, { since: 1 }),
    optional('mode', 'int'),
  ],
  byField('path'),
);

const link = define(
  'Link',
  [
    ...NODE_FIELDS,
    optional('hard', 'bool'),
    required('target', 'string', { until: 2 }),
    optional('target', 'string', { since: 3 }),
  ],
  byField('path'),
);

const disk = define(
  'Disk',
  [
    required('device', 'string'),
    list(
      'partitions',
      define(
        'Partition',
        [
          optional('guid', 'string'),
          optional('label', 'string'),
          required('number', 'int', { omitEmpty: true }),
          optional('resize', 'bool', { since: 2 }),
          optional('shouldExist', 'bool'),
          optional('sizeMiB', 'int'),
          optional('startMiB', 'int'),
          optional('typeGuid', 'string'),
          optional('wipePartitionEntry', 'bool'),
        ],
        partitionKey,
      ),
    ),
    optional('wipeTable', 'bool'),
  ],
  byField('device'),
);

const filesystem = define(
  'Filesystem',
  [
    required('device', 'string'),
    optional('format', 'string'),
    optional('label', 'string'),
    list('mountOptions', 'MountOption', { since: 1, keySpace: null }),
    list('options', 'FilesystemOption', { keySpace: null }),
    optional('path', 'string'),
    optional('uuid', 'string'),
    optional('wipeFilesystem', 'bool'),
  ],
  byField('device'),
);

const raid = define(
  'Raid',
  [
    list('devices', 'Device', { until: 2, omitEmpty: false }),
    list('devices', 'Device', { since: 3 }),
    required('level', 'string', { until: 2 }),
    optional('level', 'string', { since: 3 }),
    required('name', 'string'),
    list('options', 'RaidOption', { keySpace: null }),
    optional('spares', 'int'),
  ],
  byField('name'),
);

const tang = define(
  'Tang',
  [
    optional('advertisement', 'string', { since: 4 }),
    optional('thumbprint', 'string'),
    required('url', 'string', { omitEmpty: true }),
  ],
  byField('url'),
);

const clevis = define('Clevis', [
  optionalStruct(
    'custom',
    define('Custom', [
      required('config', 'string'),
      optional('needsNetwork', 'bool'),
      required('pin', 'string'),
    ]),
    { until: 2 },
  ),
  struct(
    'custom',
    define('ClevisCustom', [
      optional('config', 'string'),
      optional('needsNetwork', 'bool'),
      optional('pin', 'string'),
    ]),
    { since: 3 },
  ),
  list('tang', tang),
  optional('threshold', 'int'),
  optional('tpm2', 'bool'),
]);

const luks = define(
  'Luks',
  [
    struct('cex', define('Cex', [optional('enabled', 'bool')]), { since: 5 }),
    optionalStruct('clevis', clevis, { until: 2 }),
    struct('clevis', clevis, { since: 3 }),
    optional('device', 'string'),
    optional('discard', 'bool', { since: 4 }),
    struct('keyFile', resource),
    optional('label', 'string'),
    required('name', 'string'),
    list('openOptions', 'OpenOption', { since: 4 }),
    list('options', 'LuksOption', { keySpace: null }),
    optional('uuid', 'string'),
    optional('wipeVolume', 'bool'),
  ],
  byField('name'),
);

const storage = define('Storage', [
  list('directories', directory, { keySpace: 'Node' }),
  list('disks', disk),
  list('files', file, { keySpace: 'Node' }),
  list('filesystems', filesystem),
  list('links', link, { keySpace: 'Node' }),
  list('luks', luks, { since: 2 }),
  list('raid', raid),
]);

const systemd = define('Systemd', [
  list(
    'units',
    define(
      'Unit',
      [
        optional('contents', 'string'),
        list(
          'dropins',
          define('Dropin', [optional('contents', 'string'), required('name', 'string')], byField('name')),
        ),
        optional('enabled', 'bool'),
        optional('mask', 'bool'),
        required('name', 'string'),
      ],
      byField('name'),
    ),
  ),
]);

const config = define('Config', [
  struct('ignition', ignition, { omitEmpty: false }),
  struct('kernelArguments', kernelArguments, { since: 3 }),
  struct('passwd', passwd),
  struct('storage', storage),
  struct('systemd', systemd),
]);

const schemas = SPEC_VERSIONS.map((spec) => resolve(config, specMinor(spec)));

/** The root struct of one specification, with everything below it. */
export function schemaOf(spec: SpecVersion): StructSchema {
  const schema = schemas[specMinor(spec)];
  if (!schema) throw new Error(`There is no schema for Ignition ${spec}.`);
  return schema;
}

/** Reduces a struct to the fields of one specification. */
function resolve(definition: StructDefinition, minor: number): StructSchema {
  const fields = definition.fields
    .filter((candidate) => candidate.since <= minor && minor <= candidate.until)
    .map(({ name, omitEmpty, type }): FieldSchema => {
      if (type.kind === 'struct') return { ...type, name, omitEmpty, struct: resolve(type.struct, minor) };
      if (type.kind === 'list') {
        return { ...type, name, omitEmpty, item: type.item && resolve(type.item, minor) };
      }
      return { ...type, name, omitEmpty };
    });
  return {
    goName: definition.goName,
    keyOf: definition.keyOf,
    fields,
    byName: new Map(fields.map((entry) => [entry.name, entry])),
  };
}
