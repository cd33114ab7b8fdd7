import { expect, test } from 'vitest';
import { formatProblem, sortProblems } from '../../src/documents/problem.ts';

test('problems are sorted by place, and each is told once', () => {
  const unclosed = { file: 'profiles/base.bu', line: 2, column: 6, message: '{{#if x}} is not closed' };
  const problems = [
    { file: 'profiles/base.bu', line: 10, message: 'later' },
    unclosed,
    { ...unclosed, message: 'another at the same place' },
    { file: 'groups/a.yaml', message: 'the file itself' },
    { ...unclosed },
  ];
  expect(sortProblems(problems).map(formatProblem)).toEqual([
    'groups/a.yaml: the file itself',
    'profiles/base.bu:2:6: {{#if x}} is not closed',
    'profiles/base.bu:2:6: another at the same place',
    'profiles/base.bu:10:1: later',
  ]);
});
