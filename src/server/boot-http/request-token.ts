/** The query parameter with the token of a boot session. It is a secret, and never a label. */
const PARAMETER = 'token';

/** A query without its token, and the token; undefined if it has none. If it has several, the first one is used. */
export function takeToken(rawQuery: string): {
  readonly rawQuery: string;
  readonly token: string | undefined;
} {
  if (!mayHaveToken(rawQuery)) return { rawQuery, token: undefined };
  const parts = rawQuery.split('&');
  const taken = parts.find(isToken);
  if (taken === undefined) return { rawQuery, token: undefined };
  const token = new URLSearchParams(taken).values().next().value;
  return { rawQuery: parts.filter((part) => !isToken(part)).join('&'), token };
}

/** A URL for the log: without the value of its token. */
export function hideToken(url: string): string {
  const mark = url.indexOf('?');
  if (mark === -1 || !mayHaveToken(url)) return url;
  const parts = url.slice(mark + 1).split('&');
  const shown = parts.map((part) => (isToken(part) && part.includes('=') ? `${PARAMETER}=...` : part));
  return `${url.slice(0, mark + 1)}${shown.join('&')}`;
}

/** Saves the search in nearly all queries. A name may be written with percent-escapes. */
function mayHaveToken(text: string): boolean {
  return text.includes('%') || /token/i.test(text);
}

function isToken(part: string): boolean {
  const [name = ''] = new URLSearchParams(part).keys();
  return name.toLowerCase() === PARAMETER;
}
