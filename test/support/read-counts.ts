/** Counts by the name of their family and by label; a family without a label has the label ''. */
export type CountFamilies = Record<string, Record<string, number>>;

const LINE = /^railhead_(\w+)_total(?:\{\w+="((?:[^"\\]|\\.)*)"\})? (\d+)$/;

/** The counts in an answer of `/metrics`. */
export function readCounts(metrics: string): CountFamilies {
  const counts: CountFamilies = {};
  for (const line of metrics.split('\n')) {
    const [, family, label = '', count] = LINE.exec(line) ?? [];
    if (family !== undefined) (counts[family] ??= {})[label] = Number(count);
  }
  return counts;
}
