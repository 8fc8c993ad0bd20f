/** What there is to mend in the prose of one file. Pure. */
import { maskMarkdown, maskShell, maskTypeScript } from './mask.js';
import { wideComments, wideMarkdown } from './width.js';
import { type Finding, wordsIn } from './words.js';

/** Findings in the order of their lines; none in what is neither Markdown nor TypeScript nor shell. */
export function findingsIn(path: string, text: string): Finding[] {
  const findings = unsorted(path, text);
  return findings.sort((a, b) => a.line - b.line);
}

function unsorted(path: string, text: string): Finding[] {
  if (path === 'CHANGELOG.md') return unsorted('new.md', newSection(text));
  if (path.endsWith('.md')) return [...wordsIn(maskMarkdown(text)), ...wideMarkdown(text)];
  if (path.endsWith('.ts')) return [...wordsIn(maskTypeScript(text)), ...wideComments(text)];
  if (/^#!|^# shellcheck shell/m.test(text)) return [...wordsIn(maskShell(text)), ...wideComments(text)];
  return [];
}

/** The changelog up to the second release: what was released stays as it was. */
function newSection(text: string): string {
  return text
    .split(/^(?=## )/m)
    .slice(0, 2)
    .join('');
}
