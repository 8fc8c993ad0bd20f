/** Rows of words as lines, in columns. */

/** Pads every column to its widest word; the columns in `right` are right-aligned. */
export function tableLines(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, word] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, word.length);
  return rows.map((row) =>
    row
      .map((word, i) => {
        const width = widths[i] as number;
        return right.includes(i) ? word.padStart(width) : word.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
