import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** One way to hide a member: `#name`, which holds at run time too. Constructors have no such form. */
const hashForPrivate = {
  selector:
    ":matches(PropertyDefinition, MethodDefinition[kind!='constructor'], TSParameterProperty)[accessibility='private']",
  message: 'Write #name: the keyword `private` is for constructors alone.',
};

/** Values that every call shares are UPPER_CASE; objects of functions, and what is called, are not such values. */
const upperCaseConstants = {
  selector: [
    ":matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind='const']",
    ' > VariableDeclarator[id.name=/^[a-z]/]:matches(',
    '[init.type=/^(Literal|ArrayExpression|UnaryExpression)$/], ',
    '[init.expression.type=/^(Literal|ArrayExpression|ObjectExpression)$/], ',
    "[init.type='NewExpression'][init.callee.name=/^(Set|Map|RegExp)$/], ",
    "[init.type='ObjectExpression']:not(:has(ObjectExpression > Property > :function)))",
  ].join(''),
  message: 'Write constants of a module in UPPER_CASE.',
};

/** Only src/config/ and what ends a process may look at these. */
const processProperties = [
  { object: 'process', property: 'env', message: 'Only src/config/ reads the environment.' },
  { object: 'process', property: 'exit', message: 'Only src/main.ts and src/cli/ end the process.' },
];

/** Ways to ask the system for the time or for chance in the middle of code, where no test can say what comes back. */
const takeTheClock = 'Take the time as an argument: the program has one clock, src/app/clock.ts.';
const takeChance = 'Take randomness as an argument.';
const clockAndChance = [
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: takeTheClock },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: takeTheClock },
  { selector: "CallExpression[callee.name='Date']", message: takeTheClock },
  {
    selector: "MemberExpression[object.name='process'][property.name=/^(hrtime|uptime)$/]",
    message: takeTheClock,
  },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: takeChance },
];
const performanceGlobal = { name: 'performance', message: takeTheClock };
const performanceModule = ['perf_hooks', 'node:perf_hooks'].map((name) => ({ name, message: takeTheClock }));
/** Of node:crypto only what gives the same result for the same bytes. */
const fixedCrypto = ['crypto', 'node:crypto'].map((name) => ({
  name,
  allowImportNames: [
    'Hash',
    'X509Certificate',
    'createHash',
    'createPrivateKey',
    'createHmac',
    'timingSafeEqual',
  ],
  message: takeChance,
}));

/** Code that has to ask the system itself: each is the outermost of its process, thread or connection. */
const clockShells = [
  'src/app/clock.ts',
  // Commands that run a laboratory of processes, and wait for them.
  'src/lab/**',
  // A thread is given no functions.
  'src/catalog/load-thread.ts',
  // Writes before there is a program, and when there is none any more.
  'src/log/line-output.ts',
  // A database is waited for by the time that it needs, and signed with the time of the process that has it.
  'src/store/{postgres,sqlite}/**',
];
/** Code that makes secrets and names that nobody may guess. */
const chanceShells = [
  // Content that no file system can compress.
  'src/store/queries/probe-queries.ts',
  'src/app/shared-services.ts',
  'src/app/compose-access.ts',
  'src/app/compose-operations.ts',
  'src/app/operator-plane.ts',
  'src/app/open-webhooks.ts',
  'src/store/{postgres,sqlite}/**',
  'src/server/operator-http/token-file.ts',
  'src/dns-updates/dns-exchange.ts',
  'src/doctor/check-dhcp-servers.ts',
];

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/', 'assets/', 'bin/', '**/*.cjs', 'eslint.config.js'] },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // Codecs and sanitisers look for control characters on purpose.
      'no-control-regex': 'off',
      'max-lines': ['warn', { max: 500, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', hashForPrivate, upperCaseConstants],
      'no-restricted-imports': ['error', { paths: fixedCrypto }],
    },
  },
  {
    files: chanceShells,
    rules: { 'no-restricted-imports': ['error', { paths: performanceModule }] },
  },
  {
    // Configuration is read once, in src/config/: nobody else may look at the environment.
    files: ['src/**/*.ts'],
    ignores: ['src/config/**', 'src/main.ts', 'src/cli/**', 'src/lab/**'],
    rules: { 'no-restricted-properties': ['error', ...processProperties] },
  },
  {
    // One clock, and chance, come from where the program is put together.
    files: ['src/**/*.ts'],
    ignores: clockShells,
    rules: {
      'no-restricted-syntax': ['error', hashForPrivate, upperCaseConstants, ...clockAndChance],
      'no-restricted-globals': ['error', performanceGlobal],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [...clockShells, ...chanceShells],
    rules: { 'no-restricted-imports': ['error', { paths: [...performanceModule, ...fixedCrypto] }] },
  },
  {
    // Pure folders have no timers either, and no Web Crypto.
    files: ['src/{protocol,ignition,butane,limits,provision}/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        performanceGlobal,
        ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({ name, message: takeTheClock })),
        { name: 'crypto', message: takeChance },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'fuzz/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'max-lines': 'off' },
  },
);
