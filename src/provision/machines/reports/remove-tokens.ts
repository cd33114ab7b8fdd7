/** What replaces the value of a token. */
const REMOVED = '[removed]';

/**
 * The spellings in which programs print a token, each with what comes before the value as its first group. A name that
 * ends in `token`, such as `session_token`, is one as well.
 */
const SPELLINGS: readonly RegExp[] = [
  // Of a shell: token="VALUE" and token='VALUE'.
  /(token=")(?:[^"\\]|\\.)+/gi,
  /(token=')[^']+/gi,
  // Of a URL: token=VALUE.
  /(token=)[^\s&"'<>]+/gi,
  // Of a URL within a URL, encoded once or more: token%3DVALUE%26, and JSON in one: %22token%22%3A%22VALUE%22.
  /(token(?:%(?:25)*2[27])?%(?:25)*3[ad](?:%(?:25)*2[027])*)(?:(?!%(?:25)*(?:2[02367c]|7d))[^\s&"'<>])+/gi,
  // Of JSON: "token": "VALUE"; of Python: 'token': 'VALUE'.
  /(token["']\s*:\s*")(?:[^"\\]|\\.)+/gi,
  /(token["']\s*:\s*')(?:[^'\\]|\\.)+/gi,
  /(token["']\s*:\s*)[^\s"',[\]{}]+/gi,
  // Of JSON as text in JSON: \"token\": \"VALUE\".
  /(token\\+["']\s*:\s*\\+["'])[^"'\\]+/gi,
  // Of an HTTP header: Authorization: Bearer VALUE.
  /(authorization["']?\s*:\s*["']?(?:bearer|basic)\s+)[^\s"'\\<>]+/gi,
];

/**
 * The text without the values of tokens. A script that prints its commands prints the URLs of its boot with their
 * tokens, and a program that fails may print the request that it made.
 */
export function removeTokens(text: string): string {
  return SPELLINGS.reduce((rest, spelling) => rest.replace(spelling, `$1${REMOVED}`), text);
}
