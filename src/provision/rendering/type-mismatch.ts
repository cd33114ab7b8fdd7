/** go-yaml: cannot unmarshal !!str `x` into int. */
const YAML_MISMATCH = /^cannot unmarshal !!(\w+)(?: `([^`]*)`)? into (\S+)$/;
/** encoding/json: json: cannot unmarshal number 1.5 into Go struct field File.storage.files.mode of type int. */
const JSON_MISMATCH =
  /^json: cannot unmarshal (\w+)(?: (.+?))? into Go (?:struct field (\S+)|value) of type (\S+)$/;

const KINDS: Readonly<Record<string, string>> = {
  str: 'text',
  string: 'text',
  int: 'number',
  float: 'number',
  number: 'number',
  bool: 'true or false',
  seq: 'a list',
  array: 'a list',
  map: 'a mapping',
  object: 'a mapping',
  null: 'nothing',
};

/**
 * Says in the words of YAML and JSON what go-yaml and encoding/json say in the words of Go: which kind of value is
 * expected, and which was found. Other messages are returned as they are.
 */
export function describeTypeMismatch(message: string): string {
  const yaml = YAML_MISMATCH.exec(message);
  if (yaml !== null) {
    const [, tag = '', text, type = ''] = yaml;
    return `must be ${describeType(type)}, not ${describeFound(tag, text && `\`${text}\``)}`;
  }
  const json = JSON_MISMATCH.exec(message);
  if (json === null) return message;
  const [, kind = '', text, field = '', type = ''] = json;
  // Go adds the names of its structs, which begin with a capital.
  const path = field.split('.').filter((part) => !/^[A-Z]/.test(part));
  const subject = path.length === 0 ? '' : `${path.join('.')}: `;
  return `${subject}must be ${describeType(type)}, not ${describeFound(kind, text)}`;
}

function describeFound(kind: string, text: string | undefined): string {
  const name = KINDS[kind] ?? kind;
  if (text === undefined) return name === 'number' ? 'a number' : name;
  return name === 'text' || name === 'number' ? `the ${name} ${text}` : text;
}

function describeType(type: string): string {
  if (type.startsWith('[]')) return 'a list';
  switch (type.replace(/^\*/, '')) {
    case 'int':
      return 'a whole number';
    case 'string':
      return 'text';
    case 'bool':
      return 'true or false';
    default:
      return 'a mapping';
  }
}
