import { z } from 'zod';
import { settingsSchema } from '../src/config/schema.ts';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly example?: string;
  /** The mark of src/config/sections/values.ts. */
  readonly isPath?: boolean;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

const INTRODUCTION = `# Settings

<!-- Made by \`npm run docs\` from src/config/schema.ts; edit that. -->

Railhead reads \`railhead.yaml\` in the directory in which it is started, or the file that \`--config\` names.
Every key has a default, so the file may be missing.
Unknown keys and wrong values are errors; all of them are reported at once, with file, line and column:

    $ cat rack1.yaml
    http:
      listem: ["10.0.1.2:8080"]
    networks:
      - id: rack1
        cidr: 10.0.1.5/24
        mode: full
    $ railhead serve --config rack1.yaml
    railhead: rack1.yaml:2:3: unknown key "listem"
    rack1.yaml:5:11: networks.0.cidr: "10.0.1.5/24" is the address of a host with a prefix length; the network is 10.0.1.0/24

An environment variable overrides the file, and a flag overrides both.
The name of the variable is \`RAILHEAD_\` and the key in capitals, with \`_\` in place of the dot; its value is YAML: \`RAILHEAD_HTTP_LISTEN='["10.0.1.2:8080"]'\`.
The flag \`--set\` sets any key: \`--set dhcp.interfaces='[eth1]'\`.
An error in a variable or a flag is reported under the name of that variable or flag:

    $ railhead serve --set http.port=80
    railhead: --set http.port: unknown key "port"

Relative paths in the file, and default paths, start at the directory of the file, wherever Railhead is started.
Relative paths in variables and flags start at the working directory, and so do default paths if there is no file.

A complete file for one rack, where Railhead is the DHCP server:

\`\`\`yaml
dhcp:
  interfaces: [eth1]
tftp:
  enabled: true
networks:
  - id: rack1
    cidr: 10.0.1.0/24
    mode: full
    pools: ["10.0.1.100-10.0.1.200"]
    routers: [10.0.1.1]
    dns: [10.0.0.53]
\`\`\`

The same for a network that already has a DHCP server:

\`\`\`yaml
dhcp:
  interfaces: [eth1]
tftp:
  enabled: true
networks:
  - {id: rack1, cidr: 10.0.1.0/24, mode: proxy}
\`\`\`
`;

/** docs/configuration.md: every key with type, default, meaning and example. */
export function configurationDocument(): string {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const sections: string[] = [INTRODUCTION];
  const plain: string[] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.properties !== undefined) sections.push(`## ${name}\n\n${table(property, `${name}.`)}`);
    else if (property.items?.properties !== undefined) {
      sections.push(
        `## ${name}\n\n${property.description ?? ''}\nA list; each entry has these keys.\n\n${table(property.items, '')}`,
      );
    } else plain.push(row(name, property, false));
  }
  sections.push(`## Others\n\n${HEADER}${plain.join('')}`);
  return sections.join('\n');
}

const HEADER = '| Key | Type | Default | Meaning | Example |\n|---|---|---|---|---|\n';

function table(schema: JsonSchema, prefix: string): string {
  const required = new Set(schema.required);
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) =>
    row(`${prefix}${name}`, property, required.has(name)),
  );
  return `${HEADER}${rows.join('')}`;
}

function row(key: string, property: JsonSchema, required: boolean): string {
  const fallback = required
    ? '(required)'
    : property.default === undefined
      ? 'none'
      : code(formatDefault(property.default));
  const example = property.example ?? (property.default === undefined ? '' : formatDefault(property.default));
  const cells = [
    code(key),
    describeType(property),
    fallback,
    property.description ?? '',
    example === '' ? '' : code(example),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function describeType(property: JsonSchema): string {
  if (property.enum !== undefined) return property.enum.map((value) => code(String(value))).join(', ');
  if (property.anyOf !== undefined) return property.anyOf.map(describeType).join(' or ');
  if (property.prefixItems !== undefined) return 'two whole numbers';
  switch (property.type) {
    case 'array':
      if (property.items?.enum !== undefined) return `list of ${describeType(property.items)}`;
      return property.items?.properties === undefined
        ? `list of ${describeType(property.items ?? {})}s`
        : 'list of mappings';
    case 'integer':
      return 'whole number';
    case 'string':
      return property.isPath === true ? 'path' : 'text';
    case 'null':
      return '`null`';
    case 'boolean':
      return '`true`, `false`';
    default:
      return typeof property.type === 'string' ? property.type : 'text';
  }
}

function formatDefault(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function code(text: string): string {
  return `\`${text}\``;
}
