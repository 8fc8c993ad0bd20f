/** The page of all problems by their codes, as Markdown. Pure. */
import { PROBLEM_CODES } from '../../core/problems/codes.js';

/** The page. */
export function renderProblems(): string {
  return [
    '# Problems by their codes',
    '',
    '<!-- Generated from src/core/problems: node scripts/reference.mjs -->',
    '',
    'Each error and warning ends its first line with a code in brackets, and has it as `code` in the',
    'output of `--json`. Codes stay as they are; the words of messages may improve. The message itself',
    'names the file, option or device at fault.',
    '',
    ...Object.entries(PROBLEM_CODES).flatMap(([topic, codes]) => [
      `## ${topic}`,
      '',
      '| code | meaning | what to do |',
      '|---|---|---|',
      ...Object.entries(codes).map(([code, [meaning, remedy]]) => `| \`${code}\` | ${meaning} | ${remedy} |`),
      '',
    ]),
  ].join('\n');
}
