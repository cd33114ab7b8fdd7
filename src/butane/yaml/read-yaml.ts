import type { YamlNode } from './node.ts';
import { parseYaml } from './parse-yaml.ts';
import { YamlError, YamlReaderError } from './yaml-error.ts';
import { decodeYamlText } from './yaml-text.ts';

/** Bytes that go-yaml reads at a time (input_raw_buffer_size). */
const CHUNK_BYTES = 512;

/**
 * Parses the first document of a YAML stream from its bytes. Of two errors it reports the one that go-yaml meets first,
 * since that parses while it reads: the syntax error, unless the bytes that are not text are in the same part of the
 * stream or before it. Returns undefined if there is no document; throws YamlError.
 */
export function readYaml(input: Uint8Array | string): YamlNode | undefined {
  let text: string;
  try {
    text = decodeYamlText(input);
  } catch (error) {
    if (!(error instanceof YamlReaderError)) throw error;
    throw findEarlierFault(input, error.offset) ?? error;
  }
  return parseYaml(text);
}

function findEarlierFault(input: Uint8Array | string, offset: number): YamlError | undefined {
  const bytes = Buffer.from(input);
  let end = offset - (offset % CHUNK_BYTES);
  // Not inside a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  const text = decodeYamlText(bytes.subarray(0, end));
  const lines = text.split('\n').length;
  try {
    parseYaml(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    // The error in the last line may only be due to the cut.
    return error.place !== undefined && error.place.line < lines ? error : undefined;
  }
}
