/** Imports point inward; ARCHITECTURE.md explains the layers. */
const pure = '^src/(protocol|ignition|butane|provision)/';
const allowed = {
  protocol: [],
  ignition: [],
  butane: ['ignition'],
  provision: ['protocol', 'ignition', 'butane'],
  api: ['protocol', 'provision'],
  documents: [],
  config: ['protocol', 'provision', 'documents'],
  catalog: ['protocol', 'ignition', 'butane', 'provision', 'documents'],
  store: ['protocol', 'provision'],
  server: ['protocol', 'ignition', 'butane', 'provision', 'api', 'catalog', 'store', 'log'],
};
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'pure-folders-do-no-io',
      comment: 'Codecs and decisions take bytes and values; files, sockets and clocks belong to the shells.',
      severity: 'error',
      from: { path: pure },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|zlib|buffer)$' },
    },
    {
      name: 'pure-folders-know-no-configuration',
      severity: 'error',
      from: { path: pure },
      to: { path: '^src/(config|log|app|main)' },
    },
    ...Object.entries(allowed).map(([layer, inner]) => ({
      name: `${layer}-imports-inward`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: {
        path: '^src/',
        pathNot: [`^src/${layer}/`, ...inner.map((name) => `^src/${name}(/|\\.ts$)`)],
      },
    })),
    {
      name: 'nothing-imports-the-shells-of-the-program',
      severity: 'error',
      from: { pathNot: '^src/(main|app)\\.ts$|^src/(cli|lab)/' },
      to: { path: `^src/(main|app)\\.ts$|^src/(cli|lab)/` },
    },
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
