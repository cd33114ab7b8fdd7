/**
 * Turns a path into the name of the systemd unit that stands for it, without the extension, as go-systemd's
 * UnitNamePathEscape does: `/var/lib/my app` becomes `var-lib-my\x20app`, and the root becomes `-`. Bytes below 0x10
 * get one digit there, where systemd-escape writes two.
 */
export function escapeUnitPath(path: string): string {
  const elements = path.split('/').filter((element) => element !== '');
  if (elements.length === 0) return '-';
  return elements.map((element, index) => escapeElement(element, index === 0)).join('-');
}

function escapeElement(element: string, isFirst: boolean): string {
  const [head, rest] = isFirst && element.startsWith('.') ? ['\\x2e', element.slice(1)] : ['', element];
  const escaped = rest.replace(/[^:_.A-Za-z0-9]+/g, (text) =>
    Array.from(Buffer.from(text, 'utf8'), (byte) => `\\x${byte.toString(16)}`).join(''),
  );
  return head + escaped;
}
