/**
 * Turns a path into the name of a systemd unit, without the suffix, like `systemd-escape --path`: slashes become
 * dashes, other special bytes `\xNN`. Agrees with UnitNamePathEscape of coreos/go-systemd.
 */
export function escapeUnitPath(path: string): string {
  const trimmed = path
    .split('/')
    .filter((element) => element !== '')
    .join('/');
  if (trimmed === '') return '-';
  let name = '';
  for (const byte of Buffer.from(trimmed, 'utf8')) {
    const character = String.fromCharCode(byte);
    if (character === '/') name += '-';
    else if (/[:_.A-Za-z0-9]/.test(character) && !(character === '.' && name === '')) name += character;
    else name += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return name;
}
