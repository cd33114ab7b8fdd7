/** A 48-bit IEEE 802 address in lower case with colons, `52:54:00:a1:9c:ae`. Made only by the functions here. */
export type MacAddress = string & { readonly brand: 'MacAddress' };

/** `52:54:00:a1:9c:ae`, our own spelling but for the case of letters. */
const WITH_COLONS = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;

const OTHER_SPELLINGS = [
  /^[0-9a-f]{2}(?:-[0-9a-f]{2}){5}$/i, // 52-54-00-a1-9c-ae, what iPXE's ${mac:hexhyp} prints
  /^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}$/i, // 5254.00a1.9cae, what switches print
  /^[0-9a-f]{12}$/i, // 525400a19cae, what iPXE's ${mac:hexraw} prints
];

/** A table, since this runs for every DHCP packet. */
const HEX_PAIRS = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Reads any usual spelling of a MAC address; undefined if the text is not one. */
export function parseMac(text: string): MacAddress | undefined {
  if (text.length > 17) return undefined;
  if (WITH_COLONS.test(text)) return text.toLowerCase() as MacAddress;
  if (!OTHER_SPELLINGS.some((spelling) => spelling.test(text))) return undefined;
  const digits = text.replace(/[^0-9a-f]/gi, '').toLowerCase();
  return joinPairs(digits);
}

/** The MAC address in six bytes, as in `chaddr`. Throws RangeError on another length. */
export function macFromBytes(bytes: Uint8Array): MacAddress {
  if (bytes.length !== 6) throw new RangeError(`a MAC address has 6 bytes, not ${bytes.length}`);
  let text = '';
  for (let index = 0; index < 6; index++)
    text += (index === 0 ? '' : ':') + (HEX_PAIRS[bytes[index] ?? 0] ?? '');
  return text as MacAddress;
}

/** The six bytes of a MAC address. */
export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** Whether the address can belong to one station: neither all zero nor a group (multicast or broadcast) address. */
export function isStationMac(mac: MacAddress): boolean {
  // IEEE 802-2014 section 8.2.2: the lowest bit of the first byte marks a group address.
  return mac !== '00:00:00:00:00:00' && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
}

function joinPairs(digits: string): MacAddress {
  return digits.replace(/..(?!$)/g, '$&:') as MacAddress;
}
