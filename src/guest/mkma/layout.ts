/** Text in two columns: a label and its text. */

/** Width of the column with the labels. */
const LABEL = 11;

/** Below this width, lines cut by the terminal are more readable than one word per line. */
const NARROWEST = 24;

/** A section: its label, and its paragraphs. */
export interface Section {
  readonly label: string;
  readonly paragraphs: readonly string[];
}

/** Sections as lines; with `columns`, paragraphs are wrapped to fit. One without paragraphs is left out. */
export function layOut(sections: readonly Section[], columns?: number): string[] {
  const width = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(NARROWEST, columns - LABEL);
  return sections.flatMap(({ label, paragraphs }) =>
    paragraphs
      .flatMap((paragraph) => wrap(paragraph, width))
      .map((line, i) => (i === 0 ? label : '').padEnd(LABEL) + line),
  );
}

/**
 * Wraps at spaces; continuation lines are indented two columns more than the paragraph. A longer word stays
 * whole.
 */
function wrap(paragraph: string, width: number): string[] {
  const indent = /^ */.exec(paragraph)?.[0] ?? '';
  const lines: string[] = [];
  let line = indent;
  for (const word of paragraph.slice(indent.length).split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}  ${word}`;
    } else {
      line = line.trim() === '' ? line + word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
