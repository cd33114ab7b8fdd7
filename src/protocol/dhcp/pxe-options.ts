// Option 43 inside a PXE answer: tag, length, value, ended by 0xff (PXE 2.1 table 2-1).

/** Discovery control (tag 6) with bit 3: download the named boot file without asking for boot servers. */
export const PXE_BOOT_FILE_DIRECTLY: Uint8Array = Uint8Array.of(0x06, 0x01, 0x08, 0xff);

/**
 * The same with a menu prompt (tag 10) of zero seconds and the text "PXE", as dnsmasq sends it; some ROMs require one.
 */
export const PXE_BOOT_FILE_DIRECTLY_WITH_PROMPT: Uint8Array = Uint8Array.of(
  ...[0x06, 0x01, 0x08],
  ...[0x0a, 0x04, 0x00, 0x50, 0x58, 0x45],
  0xff,
);

/**
 * What a Raspberry Pi's boot ROM requires: a menu (tag 9) whose one entry, of type 0, is "Raspberry Pi Boot". It does
 * not boot without it, even if siaddr or option 67 is set.
 */
export const PXE_RASPBERRY_PI: Uint8Array = Uint8Array.of(
  ...[0x06, 0x01, 0x08],
  ...[0x09, 0x14, 0x00, 0x00, 0x11],
  ...Array.from('Raspberry Pi Boot', (letter) => letter.charCodeAt(0)),
  ...[0x0a, 0x04, 0x00, 0x50, 0x58, 0x45],
  0xff,
);

const TAG_PAD = 0;
const TAG_END = 255;
const TAG_BOOT_ITEM = 71;

/**
 * The boot item (tag 71) that a client selected on port 4011, as sent: type and layer, two bytes each; undefined
 * without one (PXE 2.1 section 2.2.4).
 */
export function readBootItem(vendorSpecific: Uint8Array): Uint8Array | undefined {
  let offset = 0;
  while (offset < vendorSpecific.length) {
    const tag = vendorSpecific[offset] ?? 0;
    if (tag === TAG_END) return undefined;
    if (tag === TAG_PAD) {
      offset++;
      continue;
    }
    const length = vendorSpecific[offset + 1];
    if (length === undefined || offset + 2 + length > vendorSpecific.length) return undefined;
    if (tag === TAG_BOOT_ITEM && length === 4) return vendorSpecific.subarray(offset + 2, offset + 6);
    offset += 2 + length;
  }
  return undefined;
}

/** Option 43 that confirms the boot item a client selected. */
export function bootItemReply(item: Uint8Array): Uint8Array {
  return Uint8Array.of(TAG_BOOT_ITEM, item.length, ...item, TAG_END);
}
