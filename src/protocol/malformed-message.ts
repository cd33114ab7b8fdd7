/**
 * The only error that a decoder throws. Input from the network is expected to be bad: the caller catches exactly this
 * error, counts it by `code`, and drops the packet. Any other error while a packet is handled is a bug of Railhead.
 */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';

  /** A stable identifier for counters and logs, for example `short` or `cookie`. */
  readonly code: string;
  /** Offset in bytes from the start of the message at which decoding stopped. */
  readonly offset: number;

  constructor(code: string, message: string, offset = 0) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}
