import { OPTION_REGISTRY } from '../src/protocol/dhcp/option-registry.ts';
import { reservedOptionReason } from '../src/protocol/dhcp/option-value.ts';

const INTRODUCTION = `# DHCP options and their types

<!-- Made by \`npm run docs\` from src/protocol/dhcp/option-registry.ts; edit that. -->

\`options\` of a network and \`dhcp_options\` of a group or machine are lists of \`{code, type, value}\`.
\`type\` may be left out where this table has one; a value of another type or length is refused, and the error names file, line and column:

\`\`\`yaml
options:
  - {code: 26, value: 9000}
  - {code: 42, value: [10.0.0.1, 10.0.0.2]}
  - {code: 119, value: [rack1.example.com, example.com]}
  - {code: 121, value: [{destination: 10.5.0.0/16, router: 10.0.1.8}, {destination: 0.0.0.0/0, router: 10.0.1.1}]}
  - {code: 252, type: text, value: "http://wpad.example.com/wpad.dat"}
\`\`\`

    railhead.yaml:9:17: networks.0.options.0.type: option 6 (Domain Name Server, RFC 2132) has the type ip-list, not text

| Type | A value | On the wire |
|---|---|---|
| \`ip\` | \`10.0.0.1\` | 4 bytes |
| \`ip-list\` | \`[10.0.0.1, 10.0.0.2]\`, or one address | 4 bytes each |
| \`ip-pair-list\` | \`[[10.5.0.0, 10.0.1.8]]\` | 8 bytes each |
| \`uint8\`, \`uint16\`, \`uint32\` | \`64\` | 1, 2, 4 bytes |
| \`int32\` | \`-18000\` | 4 bytes |
| \`uint16-list\` | \`[68, 1500]\` | 2 bytes each |
| \`boolean\` | \`true\` | 1 byte, 1 or 0 |
| \`text\` | \`"a text"\` | its characters, without a NUL |
| \`hex\` | \`"01:ff"\` or \`"01ff"\` | the bytes |
| \`domain-search\` | \`[a.example.com, example.com]\` | as RFC 3397 |
| \`classless-routes\` | \`[{destination: 10.5.0.0/16, router: 10.0.1.8}]\` | as RFC 3442 |
| \`sub-options\` | \`[{code: 1, type: ip, value: 10.0.0.8}]\` | code, length and value of each, for option 43 (RFC 2132 section 8.4); a sub-option always needs a type |

\`hex\` can be used for every option, if the bytes are a valid value of its type; \`ip\` can be used for a list with one address.
Codes that are not in the table have a meaning that depends on the vendor, so they need a \`type\`: unassigned ones, those of private use (224 to 254), and those that several vendors use (128 to 135, 175 to 177).
Options marked "set by the server" are part of the protocol and cannot be configured.

| Code | Option | Type | Defined in |
|---|---|---|---|
`;

/** docs/dhcp-options.md, from the registry. */
export function dhcpOptionsDocument(): string {
  const rows = [...OPTION_REGISTRY.values()].map(({ code, name, source, types }) => {
    const reserved = reservedOptionReason(code) !== undefined;
    const type = reserved ? 'set by the server' : types.map((one) => `\`${one}\``).join(', ');
    return `| ${code} | ${name} | ${type} | ${source} |\n`;
  });
  return INTRODUCTION + rows.join('');
}
