import { apiReference, type FieldLine, type RouteReference } from '../src/api/api-reference.ts';
import { ERROR_TABLE } from '../src/api/error-table.ts';
import { PERMISSION_TEXTS, PERMISSIONS, ROLES } from '../src/api/permissions.ts';
import { ROUTES } from '../src/api/routes.ts';

const INTRODUCTION = `# The REST API

<!-- Made by \`npm run docs\` from src/api/; edit that. -->

The operator plane listens on \`operator.listen\` (127.0.0.1:8081).
Every request needs the token, except health checks ([http.md](http.md#operator-plane)).
The roles at the end of this page say what each permission is for; whoever has the token of the file may do everything.
On the Unix socket of the server's own host no token is needed.
\`/api/v1/openapi.json\` is the same as this page for programs, and \`/api/v1/docs\` for a browser.

    $ curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8081/api/v1/machines?limit=2

**Lists** are pages: \`{"items": [...], "next_cursor": "...", "as_of": "..."}\`.
Pass \`next_cursor\` as \`cursor\` for the next page; it is null at the end.
A cursor stays valid while things are added and removed: what is there all the time is seen exactly once.
\`as_of\` is the number of the latest change of any machine before the list was read: all changes up to it are in the list.

**Changes** have a \`reason\`, which the audit keeps.
A thing that can be changed has an \`ETag\`. With \`If-Match\`, a change is made only if the thing is still the same; otherwise the answer is 412, and nothing was changed.
A POST with an \`Idempotency-Key\` can be repeated when its answer was lost: it has no second effect, and gets the answer of the first.

**Errors** are \`application/problem+json\` (RFC 9457). \`code\` is stable; the log of the server has the \`request_id\`. Faults in a body are listed in \`errors\`, with the \`index\` of the entry if the body is a set:

    {"type":"about:blank","code":"invalid_request","status":400,"title":"The request is not valid","detail":"ttl_minutes: Invalid input: expected number, received string","request_id":"1f0c...","errors":[{"field":"ttl_minutes","message":"Invalid input: expected number, received string"}]}

**Times** are RFC 3339 in UTC; the name of a duration has its unit, as \`ttl_minutes\`.
`;

/** docs/api.md: every route with its parameters, errors and an example, the errors, and the roles. */
export function apiDocument(): string {
  const chapters = [...apiReference(Object.values(ROUTES))];
  return [
    INTRODUCTION,
    ...chapters.map(([tag, routes]) => `## ${tag}\n\n${routes.map(routeText).join('\n')}`),
    errorsText(),
    rolesText(),
  ].join('\n');
}

function routeText(route: RouteReference): string {
  const { body, description, errors, example, method, parameters, path, permission, summary } = route;
  const lines = [
    `### ${summary}`,
    '',
    `\`${method} ${path}\`, ${permissionText(permission)}`,
    '',
    ...(description === undefined ? [] : [description, '']),
    ...tableOf('Parameter', parameters),
    ...tableOf('Body', body),
    ...exampleLines(method, example),
    '',
  ];
  if (errors.length > 0) {
    const texts = errors.map(({ code, status }) => `\`${code}\` (${status})`);
    lines.push(`Errors of its own: ${texts.join(', ')}.`, '');
  }
  return lines.join('\n');
}

function permissionText(permission: string): string {
  if (permission === 'anyone') return 'without a token';
  if (permission === 'signed_in') return 'with any token';
  return `permission \`${permission}\``;
}

function tableOf(title: string, fields: readonly FieldLine[]): string[] {
  if (fields.length === 0) return [];
  return [
    `| ${title} | Form | Meaning |`,
    '|---|---|---|',
    ...fields.map(
      ({ description, form, name, required }) =>
        `| \`${name}\`${required ? ', required' : ''} | ${cell(form)} | ${cell(description)} |`,
    ),
    '',
  ];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function exampleLines(method: string, { answer, body, path, status }: RouteReference['example']): string[] {
  const sent = body === undefined ? '' : ` ${JSON.stringify(body)}`;
  const answered =
    answer === undefined ? '' : ` ${typeof answer === 'string' ? answer.trimEnd() : JSON.stringify(answer)}`;
  return [`    ${method} ${path}${sent}`, ...`${status}${answered}`.split('\n').map((line) => `    ${line}`)];
}

function errorsText(): string {
  const rows = Object.entries(ERROR_TABLE).map(
    ([code, { remedy, status, title }]) => `| \`${code}\` | ${status} | ${cell(title)} | ${cell(remedy)} |`,
  );
  return ['## Errors', '', '| Code | Status | Title | What to do |', '|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

function rolesText(): string {
  const roles = Object.entries(ROLES);
  const rows = PERMISSIONS.map((permission) => {
    const marks = roles.map(([, may]) => ((may as readonly string[]).includes(permission) ? 'yes' : ''));
    return `| \`${permission}\` | ${PERMISSION_TEXTS[permission]} | ${marks.join(' | ')} |`;
  });
  return [
    '## Roles',
    '',
    `| Permission | To | ${roles.map(([name]) => name).join(' | ')} |`,
    `|---|---|${roles.map(() => '---|').join('')}`,
    ...rows,
    '',
  ].join('\n');
}
