/**
 * The file of a worker thread, for `new Worker`, by its URL when compiled. In development and in tests it is the
 * TypeScript file of that name, for which a thread of Node 20 needs a loader.
 */
export function threadScript(compiled: URL): URL {
  if (!import.meta.url.endsWith('.ts')) return compiled;
  const script = compiled.href.replace(/\.js$/, '.ts');
  const loader = import.meta.resolve('tsx/esm/api');
  const source = `import { register } from '${loader}'; register(); await import('${script}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}
