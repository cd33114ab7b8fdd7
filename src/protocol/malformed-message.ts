/**
 * The only error a decoder throws. Input from the network is expected to be bad: the shell catches exactly this,
 * counts it by `code`, and drops the packet; anything else thrown while handling a packet is our own fault.
 */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';

  /** Stable word for counters and logs, for example `short` or `cookie`. */
  readonly code: string;
  /** Octets from the start of the message at which decoding stopped. */
  readonly offset: number;

  constructor(code: string, message: string, offset = 0) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}
