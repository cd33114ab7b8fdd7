import { isStationMac, parseMac } from '../../protocol/mac-address.ts';

/** Maximum length at which a message quotes an invalid value. */
const SHOWN_MAX = 40;

/**
 * What is wrong with the MAC address in a query, as a sentence; undefined if there is none, or it is valid. Without
 * this message an invalid one would be ignored silently.
 */
export function macFault(rawQuery: string): string | undefined {
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    if (name.toLowerCase() !== 'mac') continue;
    const text = value.trim();
    if (text === '') return 'mac is empty: give the MAC address of the network card, as 52:54:00:a1:9c:ae';
    const mac = parseMac(text);
    if (mac !== undefined && isStationMac(mac)) return undefined;
    const shown = text.replace(/[^ -~]/g, '?').slice(0, SHOWN_MAX);
    return mac === undefined
      ? `mac=${shown} is not a MAC address: write it as 52:54:00:a1:9c:ae`
      : `mac=${shown} is not the address of a network card (it is zero, or a group address): give the card's own MAC address`;
  }
  return undefined;
}
