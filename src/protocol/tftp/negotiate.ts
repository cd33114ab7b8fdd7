/** RFC 1350: the values for a client that asks for no options. */
const BLKSIZE_DEFAULT = 512;
/** RFC 2348. */
const BLKSIZE_MIN = 8;
/** RFC 2349. */
const TIMEOUT_SECONDS_MAX = 255;

/** The highest values that are granted. */
export interface NegotiationLimits {
  readonly blksizeMax: number;
  readonly windowsizeMax: number;
}

/** The agreed values of a transfer. */
export interface NegotiatedTerms {
  readonly blksize: number;
  readonly windowsize: number;
  /** Present if the client set how long to wait before sending again (RFC 2349). */
  readonly timeoutSeconds?: number;
  /** The options of the OACK; if empty, the first DATA is sent without an OACK. */
  readonly oack: readonly (readonly [name: string, value: string])[];
}

/**
 * Negotiates the options that a client asked for (RFC 2347, 2348, 2349, 7440). An invalid value is treated as if the
 * option were absent, and a value that is too large is lowered: an ERROR would end boots that work without the option.
 *
 * edk2 (MtftpGetDataFromAck and Mtftp4Option.c) ends the transfer if the OACK has an option that it did not ask for, a
 * timeout other than its own, or a larger block or window size.
 */
export function negotiate(
  options: ReadonlyMap<string, string>,
  size: number,
  limits: NegotiationLimits,
): NegotiatedTerms {
  const oack: [string, string][] = [];
  let blksize = BLKSIZE_DEFAULT;
  let windowsize = 1;
  let timeoutSeconds: number | undefined;
  for (const [name, text] of options) {
    const value = parseNumber(text);
    if (value === undefined) continue;
    switch (name) {
      case 'blksize':
        if (value < BLKSIZE_MIN) continue;
        blksize = Math.min(value, limits.blksizeMax);
        oack.push([name, String(blksize)]);
        break;
      case 'windowsize':
        if (value < 1) continue;
        windowsize = Math.min(value, limits.windowsizeMax);
        oack.push([name, String(windowsize)]);
        break;
      case 'timeout':
        if (value < 1 || value > TIMEOUT_SECONDS_MAX) continue;
        timeoutSeconds = value;
        oack.push([name, text]);
        break;
      case 'tsize':
        oack.push([name, String(size)]);
        break;
      default:
        break;
    }
  }
  return { blksize, windowsize, oack, ...(timeoutSeconds !== undefined && { timeoutSeconds }) };
}

/** Ten digits are enough for every size up to 9 GB, which is more than any client asks for. */
function parseNumber(text: string): number | undefined {
  return /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}
