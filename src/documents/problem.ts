/** One thing that is wrong in a catalog, with its place. */
export interface Problem {
  /** Path of the file below the catalog's directory, `groups/rack1.yaml`. */
  readonly file: string;
  /** Counted from 1; absent if the problem is the file itself. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** `groups/rack1.yaml:3:10: there is no profile "worker"`. */
export function formatProblem({ file, line, column, message }: Problem): string {
  return line === undefined ? `${file}: ${message}` : `${file}:${line}:${column ?? 1}: ${message}`;
}

/** Sorts problems by file and line. What is found once for each profile that uses a template is told once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const byText = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...byText.values()].sort(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}

/** Reports a problem at `path` of a document. */
export type ReportProblem = (path: readonly PropertyKey[], message: string) => void;
