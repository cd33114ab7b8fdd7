import { apiReference, type FieldLine, type RouteReference } from '../../api/api-reference.ts';
import { ERROR_TABLE } from '../../api/error-table.ts';
import { PERMISSION_TEXTS, PERMISSIONS, ROLES } from '../../api/permissions.ts';
import type { Route } from '../../api/route.ts';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
  h2 { margin-top: 3rem; text-transform: capitalize; }
  article { border-top: 1px solid #8886; padding: .5rem 0 1rem; }
  h3 { margin: .5rem 0; font-size: 1rem; }
  code, pre { font: .85rem/1.45 ui-monospace, monospace; }
  pre { overflow-x: auto; padding: .6rem .8rem; background: #8881; border-radius: 4px; }
  table { border-collapse: collapse; width: 100%; font-size: .9rem; margin: .5rem 0; }
  th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-top: 1px solid #8883; }
  nav a { margin-right: 1rem; }
  .method { font-weight: 700; }
`;

/** The description of the API as a page that needs no script and no other file. */
export function apiPage(routes: readonly Route[], version: string): string {
  const chapters = [...apiReference(routes)];
  const links = chapters.map(([tag]) => `<a href="#${escape(tag)}">${escape(tag)}</a>`);
  const errors = Object.entries(ERROR_TABLE).map(
    ([code, { remedy, status, title }]) =>
      `<tr><td><code>${code}</code></td><td>${status}</td><td>${escape(title)}</td><td>${escape(remedy)}</td></tr>`,
  );
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>Railhead API</title><style>${STYLE}</style></head>`,
    '<body>',
    `<h1>Railhead API</h1>`,
    `<p>Version ${escape(version)}. For programs: <a href="openapi.json">openapi.json</a>.</p>`,
    `<nav>${links.join('')}<a href="#errors">errors</a><a href="#roles">roles</a></nav>`,
    ...chapters.map(
      ([tag, all]) =>
        `<section id="${escape(tag)}"><h2>${escape(tag)}</h2>${all.map(routeHtml).join('')}</section>`,
    ),
    `<section id="errors"><h2>errors</h2><table><tr><th>Code<th>Status<th>Title<th>What to do</tr>${errors.join('')}</table></section>`,
    rolesHtml(),
    '</body></html>',
    '',
  ].join('\n');
}

function routeHtml(route: RouteReference): string {
  const { body, description, errors, example, method, operation, parameters, path, permission, summary } =
    route;
  const sent = example.body === undefined ? '' : `\n${json(example.body)}`;
  const answered = example.answer === undefined ? '' : ` ${json(example.answer)}`;
  return [
    `<article id="${escape(operation)}">`,
    `<h3>${escape(summary)}</h3>`,
    `<p><code><span class="method">${method}</span> ${escape(path)}</code>, permission <code>${escape(permission)}</code></p>`,
    description === undefined ? '' : `<p>${escape(description)}</p>`,
    fieldsHtml('Parameter', parameters),
    fieldsHtml('Body', body),
    `<pre>${escape(`${method} ${example.path}${sent}\n\n${example.status}${answered}`)}</pre>`,
    errors.length === 0
      ? ''
      : `<p>Errors of its own: ${errors.map(({ code }) => `<code>${code}</code>`).join(', ')}</p>`,
    '</article>',
  ].join('\n');
}

function rolesHtml(): string {
  const roles = Object.entries(ROLES);
  const rows = PERMISSIONS.map((permission) => {
    const marks = roles.map(([, may]) => ((may as readonly string[]).includes(permission) ? 'yes' : ''));
    const cells = marks.map((mark) => `<td>${mark}</td>`).join('');
    return `<tr><td><code>${permission}</code></td><td>${escape(PERMISSION_TEXTS[permission])}</td>${cells}</tr>`;
  });
  const heads = roles.map(([name]) => `<th>${escape(name)}`).join('');
  return `<section id="roles"><h2>roles</h2><table><tr><th>Permission<th>To${heads}</tr>${rows.join('')}</table></section>`;
}

function fieldsHtml(title: string, fields: readonly FieldLine[]): string {
  if (fields.length === 0) return '';
  const rows = fields.map(
    ({ description, form, name, required }) =>
      `<tr><td><code>${escape(name)}</code>${required ? ' required' : ''}</td><td>${escape(form)}</td><td>${escape(description)}</td></tr>`,
  );
  return `<table><tr><th>${title}<th>Form<th>Meaning</tr>${rows.join('')}</table>`;
}

function json(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
