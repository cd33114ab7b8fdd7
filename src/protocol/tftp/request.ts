import { MalformedMessage } from '../malformed-message.ts';
import { Opcode, readOpcode } from './packet.ts';

/** RFC 2347 limits a request to 512 bytes; some firmware pads. Firmware sends no more than this. */
const REQUEST_LENGTH_MAX = 1024;
const NAME_LENGTH_MAX = 512;
const OPTIONS_MAX = 16;

/** A read or write request (RFC 1350 section 5, RFC 2347). */
export interface TftpRequest {
  readonly operation: 'read' | 'write';
  /** As the client sent it; see requested-path.ts. */
  readonly filename: string;
  /** In lower case: `octet`, `netascii`, `mail`, or any other text that the client sent. */
  readonly mode: string;
  /** By name in lower case, since RFC 2347 makes them case-insensitive; of a repeated option the first one is used. */
  readonly options: ReadonlyMap<string, string>;
}

/**
 * Reads RRQ or WRQ. Options after the sixteenth, and a last string that has no value or no end, are ignored, since some
 * clients pad their requests. Throws MalformedMessage for a request without name or mode.
 */
export function decodeRequest(bytes: Uint8Array): TftpRequest {
  if (bytes.length < 4) {
    throw new MalformedMessage(
      'short',
      `a request of ${bytes.length} bytes; at least 4 are needed`,
      bytes.length,
    );
  }
  if (bytes.length > REQUEST_LENGTH_MAX) {
    throw new MalformedMessage(
      'long',
      `a request of ${bytes.length} bytes; at most ${REQUEST_LENGTH_MAX} are allowed`,
    );
  }
  const opcode = readOpcode(bytes);
  if (opcode !== Opcode.rrq && opcode !== Opcode.wrq) {
    throw new MalformedMessage('opcode', `opcode ${opcode}; a request has opcode 1 or 2`);
  }
  const nameEnd = findEnd(bytes, 2, 'filename');
  const name = bytes.subarray(2, nameEnd);
  checkName(name);
  const modeEnd = findEnd(bytes, nameEnd + 1, 'mode');
  return {
    operation: opcode === Opcode.rrq ? 'read' : 'write',
    filename: Buffer.from(trimUnterminated(name)).toString('utf8'),
    mode: text(bytes.subarray(nameEnd + 1, modeEnd)).toLowerCase(),
    options: readOptions(bytes, modeEnd + 1),
  };
}

function findEnd(bytes: Uint8Array, start: number, what: string): number {
  const end = bytes.indexOf(0, start);
  if (end < 0) throw new MalformedMessage('unterminated', `the ${what} is not terminated`, start);
  if (end === start) throw new MalformedMessage('empty', `the ${what} is empty`, start);
  return end;
}

function checkName(name: Uint8Array): void {
  if (name.length > NAME_LENGTH_MAX) {
    throw new MalformedMessage(
      'long-name',
      `a filename of ${name.length} bytes; at most ${NAME_LENGTH_MAX} are allowed`,
      2,
    );
  }
  const control = name.findIndex((octet) => octet < 0x20 || octet === 0x7f);
  if (control >= 0) {
    throw new MalformedMessage(
      'control',
      `the filename has the control character ${name[control]}`,
      2 + control,
    );
  }
}

/** ROMs that read option 67 beyond its end send what follows it in their memory, which is mostly 0xff. */
function trimUnterminated(name: Uint8Array): Uint8Array {
  let end = name.length;
  while (end > 0 && (name[end - 1] ?? 0) >= 0x80) end--;
  return name.subarray(0, end);
}

function readOptions(bytes: Uint8Array, start: number): Map<string, string> {
  const options = new Map<string, string>();
  let at = start;
  for (let count = 0; count < OPTIONS_MAX; count++) {
    const nameEnd = bytes.indexOf(0, at);
    if (nameEnd < 0) break;
    const valueEnd = bytes.indexOf(0, nameEnd + 1);
    if (valueEnd < 0) break;
    const name = text(bytes.subarray(at, nameEnd)).toLowerCase();
    if (name !== '' && !options.has(name)) options.set(name, text(bytes.subarray(nameEnd + 1, valueEnd)));
    at = valueEnd + 1;
  }
  return options;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
