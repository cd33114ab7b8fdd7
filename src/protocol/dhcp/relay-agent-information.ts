import { type Ipv4Address, ipv4FromBytes } from '../ipv4-address.ts';

/** The sub-options of option 82 that are used here; the others are only echoed (RFC 3046 section 2). */
export interface RelayAgentInformation {
  /** Sub-option 1: the port of the switch or the circuit that the request came in on. */
  readonly circuitId?: Uint8Array;
  /** Sub-option 2: the remote end of the circuit, often the switch. */
  readonly remoteId?: Uint8Array;
  /** Sub-option 5, RFC 3527: the network from which the client needs an address, if giaddr is not in it. */
  readonly linkSelection?: Ipv4Address;
  /** Sub-option 11, RFC 5107: the address to send as the server identifier, so that renewals go through the relay. */
  readonly serverIdentifierOverride?: Ipv4Address;
  /** Sub-option 19, RFC 8357: the relay listens on its own source port instead of 67. */
  readonly sourcePort?: true;
}

const CIRCUIT_ID = 1;
const REMOTE_ID = 2;
const LINK_SELECTION = 5;
const SERVER_IDENTIFIER_OVERRIDE = 11;
const SOURCE_PORT = 19;

/** Reads option 82; undefined if a sub-option runs past the end. Of repeated sub-options the first one is used. */
export function readRelayAgentInformation(bytes: Uint8Array): RelayAgentInformation | undefined {
  const subOptions = new Map<number, Uint8Array>();
  let offset = 0;
  while (offset < bytes.length) {
    const code = bytes[offset] ?? 0;
    const length = bytes[offset + 1];
    if (length === undefined || offset + 2 + length > bytes.length) return undefined;
    if (!subOptions.has(code)) subOptions.set(code, bytes.subarray(offset + 2, offset + 2 + length));
    offset += 2 + length;
  }
  const circuitId = subOptions.get(CIRCUIT_ID);
  const remoteId = subOptions.get(REMOTE_ID);
  const linkSelection = addressOf(subOptions.get(LINK_SELECTION));
  const serverIdentifierOverride = addressOf(subOptions.get(SERVER_IDENTIFIER_OVERRIDE));
  return {
    ...(circuitId !== undefined && { circuitId }),
    ...(remoteId !== undefined && { remoteId }),
    ...(linkSelection !== undefined && { linkSelection }),
    ...(serverIdentifierOverride !== undefined && { serverIdentifierOverride }),
    ...(subOptions.has(SOURCE_PORT) && { sourcePort: true as const }),
  };
}

function addressOf(bytes: Uint8Array | undefined): Ipv4Address | undefined {
  return bytes?.length === 4 ? ipv4FromBytes(bytes) : undefined;
}
