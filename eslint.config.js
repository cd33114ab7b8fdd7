import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** One way to hide a member: `#name`, which holds at run time too. Constructors have no such form. */
const hashForPrivate = {
  selector:
    ":matches(PropertyDefinition, MethodDefinition[kind!='constructor'], TSParameterProperty)[accessibility='private']",
  message: 'Write #name: the keyword `private` is for constructors alone.',
};

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
    rules: { 'no-console': 'error', 'no-restricted-syntax': ['error', hashForPrivate] },
  },
  {
    // Configuration is read once, in src/config/: nobody else may look at the environment.
    files: ['src/**/*.ts'],
    ignores: ['src/config/**', 'src/main.ts', 'src/cli/**', 'src/lab/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config/ reads the environment.' },
        { object: 'process', property: 'exit', message: 'Only src/main.ts and src/cli/ end the process.' },
      ],
    },
  },
  {
    // Pure folders: no clock, no randomness; both come in as arguments.
    files: ['src/{protocol,ignition,butane,limits,provision}/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config/ reads the environment.' },
        { object: 'process', property: 'exit', message: 'Only src/main.ts and src/cli/ end the process.' },
        { object: 'Date', property: 'now', message: 'Pure code takes the time as an argument.' },
        { object: 'Math', property: 'random', message: 'Pure code takes randomness as an argument.' },
      ],
      'no-restricted-globals': [
        'error',
        ...['performance', 'setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
          name,
          message: 'Pure code takes the time as an argument.',
        })),
        { name: 'crypto', message: 'Pure code takes randomness as an argument.' },
      ],
      // Of node:crypto only what gives the same result for the same bytes.
      'no-restricted-imports': [
        'error',
        {
          paths: ['crypto', 'node:crypto'].map((name) => ({
            name,
            allowImportNames: ['createHash', 'createHmac', 'timingSafeEqual'],
            message: 'Pure code takes randomness as an argument.',
          })),
        },
      ],
      'no-restricted-syntax': [
        'error',
        hashForPrivate,
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Pure code takes the time as an argument.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'fuzz/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'max-lines': 'off' },
  },
);
