/** How wide prose may be. Pure. */
import type { Finding } from './words.js';

const MARKDOWN = 100;
const COMMENT = 110;

/** Lines of Markdown that are too long; tables, code and lines that an address makes long may be. */
export function wideMarkdown(text: string): Finding[] {
  const unfenced = text.replace(/^ *```[\s\S]*?^ *```$/gm, (code) => code.replace(/[^\n]/g, ''));
  return tooWide(unfenced, MARKDOWN, (line) => !/^ *\||^ {4}|\]\(|https?:/.test(line));
}

/** Comments of TypeScript or shell that are too long; an address may be, and an instruction for a tool has to stay on its line. */
export function wideComments(text: string): Finding[] {
  return tooWide(
    text,
    COMMENT,
    (line) => /^\s*(\/\/|\/?\*|#)/.test(line) && !/https?:|biome-ignore|shellcheck/.test(line),
  );
}

function tooWide(text: string, columns: number, counts: (line: string) => boolean): Finding[] {
  return text
    .split('\n')
    .map((line, i) => ({ line: i + 1, text: line }))
    .filter(({ text: line }) => line.length > columns && counts(line))
    .map(({ line, text: wide }) => ({ line, what: `${wide.length} columns: ${columns} at most` }));
}
