/** Imports point inward; ARCHITECTURE.md explains the layers. */
const pure = '^src/(protocol|ignition|butane|limits|provision)/';
/** Packages that read or write files, sockets, databases or the log, or that load native code. */
const ioPackages = [
  ...[
    'better-sqlite3',
    'pg',
    'pg-connection-string',
    'kysely',
    'express',
    'cookie',
    'helmet',
    'chokidar',
    'koffi',
    'pino',
    'undici',
  ],
  ...['commander', 'execa', 'prom-client', 'tftp'],
];
/** Parts of src/server that every server may use; the others know nothing of each other. */
const sharedServerParts = ['http', 'udp'];
const allowed = {
  protocol: [],
  ignition: [],
  limits: [],
  documents: [],
  threads: [],
  butane: ['ignition'],
  provision: ['protocol', 'ignition', 'butane', 'limits'],
  log: ['limits'],
  metrics: ['limits'],
  api: ['protocol', 'provision'],
  config: ['protocol', 'provision', 'documents', 'limits'],
  catalog: ['protocol', 'ignition', 'butane', 'provision', 'documents', 'limits', 'threads'],
  store: ['protocol', 'provision', 'threads'],
  machines: ['protocol', 'provision', 'store', 'limits', 'log'],
  history: ['protocol', 'provision', 'store', 'limits', 'log'],
  'dns-updates': ['protocol', 'provision', 'store', 'limits', 'log'],
  webhooks: ['protocol', 'provision', 'limits', 'log'],
  control: ['protocol', 'provision', 'api', 'store', 'machines', 'catalog', 'documents'],
  access: ['provision', 'api', 'store', 'control'],
  netbox: ['provision', 'api'],
  host: ['protocol', 'provision', 'limits', 'log'],
  doctor: ['protocol', 'provision', 'store', 'host', 'catalog', 'documents', 'server/udp'],
  server: [
    ...['protocol', 'ignition', 'butane', 'provision', 'limits', 'log', 'api'],
    ...['catalog', 'machines', 'history', 'store', 'host', 'control', 'access'],
  ],
};
/**
 * provision/dhcp in the order of a packet's way; each layer imports the ones before it and itself. What lies in no
 * folder before the engine are the values that all of them speak of.
 */
const dhcpFolder = '^src/provision/dhcp/';
const dhcpLayers = [
  ['moment', 'dhcp-packet', 'dhcp-policy', 'dhcp-event', 'ignore-reason'].map((name) => `${name}\\.ts$`),
  ['client/', 'other-servers/'],
  ['subnets/'],
  ['leases/'],
  ['locate/'],
  ['boot/'],
  ['replies/'],
  ['decide-mode\\.ts$', 'dhcp-engine\\.ts$'],
].map((names) => `${dhcpFolder}(${names.join('|')})`);
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
      name: 'pure-folders-use-no-io-packages',
      severity: 'error',
      from: { path: pure },
      to: { path: `(^|node_modules/)(@types/)?(${ioPackages.join('|')})(/|$)` },
    },
    {
      name: 'pure-folders-know-no-configuration',
      severity: 'error',
      from: { path: pure },
      to: { path: '^src/(config|log|app|cli|main)' },
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
    ...dhcpLayers.map((layer, index) => ({
      name: `dhcp-arrows-run-one-way-${index}`,
      severity: 'error',
      from: { path: layer },
      to: { path: dhcpFolder, pathNot: dhcpLayers.slice(0, index + 1) },
    })),
    {
      name: 'dhcp-files-have-a-layer',
      comment: 'A new file of provision/dhcp belongs to one of dhcpLayers.',
      severity: 'error',
      from: { path: dhcpFolder, pathNot: dhcpLayers },
      to: {},
    },
    {
      name: 'nothing-imports-the-shells-of-the-program',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main\\.ts$|^src/(app|cli|lab)/' },
      to: { path: '^src/main\\.ts$|^src/(app|cli|lab)/' },
    },
    {
      name: 'servers-know-nothing-of-each-other',
      comment: 'What two servers need belongs into server/http, server/udp or another layer.',
      severity: 'error',
      from: { path: '^src/server/([^/]+)/' },
      to: {
        path: '^src/server/',
        pathNot: ['^src/server/$1/', `^src/server/(${sharedServerParts.join('|')})/`],
      },
    },
    {
      name: 'the-program-imports-no-tests',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { path: '^(test|bench|fuzz|scripts)/' },
    },
    {
      name: 'only-declared-packages',
      comment: 'Tests, benchmarks, fuzzers and scripts use the packages that package.json names.',
      severity: 'error',
      from: { path: '^(test|bench|fuzz|scripts)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
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
