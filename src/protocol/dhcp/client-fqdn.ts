import { LABEL_SIZE_MAX } from '../dns/dns-labels.ts';
import { type DnsName, encodeDnsName } from '../dns/dns-name.ts';
import { textFromBytes } from './read-option.ts';

/**
 * Option 81, the client's name and which side updates DNS (RFC 4702 section 2):
 *
 *     | 81 | length | flags (0 0 0 0 N E O S) | RCODE1 | RCODE2 | domain name ...
 */
export interface ClientFqdn {
  /** The server shall update the A record. */
  readonly serverUpdates: boolean;
  /** The server shall update nothing. */
  readonly noUpdates: boolean;
  /** The name is in the wire format of DNS, as it should be, and not text. */
  readonly wireFormat: boolean;
  /** The name as text, with dots; empty if the client leaves it to the server. It may consist of one label only. */
  readonly name: string;
  /** The name as it was received. */
  readonly nameBytes: Uint8Array;
}

/** What a server answers in option 81. */
export interface FqdnAnswer {
  readonly serverUpdates: boolean;
  readonly noUpdates: boolean;
  /** In the encoding that the client used; if absent, the client's own bytes are sent back. */
  readonly name?: DnsName;
}

const FLAG_S = 0x01;
const FLAG_O = 0x02;
const FLAG_E = 0x04;
const FLAG_N = 0x08;
const NAME_OFFSET = 3;
/** RFC 4702 section 2.2: servers set both deprecated codes to this. */
const RCODE = 255;

/** Reads option 81. Undefined if it is too short, or its name is invalid. */
export function readClientFqdn(option: Uint8Array): ClientFqdn | undefined {
  if (option.length < NAME_OFFSET) return undefined;
  const flags = option[0] ?? 0;
  const nameBytes = option.subarray(NAME_OFFSET);
  const wireFormat = (flags & FLAG_E) !== 0;
  const name = wireFormat ? readLabels(nameBytes) : textFromBytes(nameBytes);
  if (name === undefined) return undefined;
  const noUpdates = (flags & FLAG_N) !== 0;
  return { serverUpdates: !noUpdates && (flags & FLAG_S) !== 0, noUpdates, wireFormat, name, nameBytes };
}

/** Option 81 for a reply; the O flag shows whether it differs from what the client asked for. */
export function encodeFqdnAnswer(client: ClientFqdn, answer: FqdnAnswer): Uint8Array {
  const flags =
    (answer.serverUpdates ? FLAG_S : 0) |
    (answer.serverUpdates === client.serverUpdates ? 0 : FLAG_O) |
    (client.wireFormat ? FLAG_E : 0) |
    (answer.noUpdates ? FLAG_N : 0);
  const name =
    answer.name === undefined
      ? client.nameBytes
      : client.wireFormat
        ? encodeDnsName(answer.name)
        : Uint8Array.from(answer.name, (character) => character.charCodeAt(0));
  return Uint8Array.from([flags, RCODE, RCODE, ...name]);
}

/** Labels up to the root, or to the end if the name is not fully qualified. Compression is not allowed here. */
function readLabels(bytes: Uint8Array): string | undefined {
  const labels: string[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const length = bytes[offset] ?? 0;
    if (length === 0) break;
    if (length > LABEL_SIZE_MAX || offset + 1 + length > bytes.length) return undefined;
    labels.push(textFromBytes(bytes.subarray(offset + 1, offset + 1 + length)));
    offset += 1 + length;
  }
  return labels.join('.');
}
