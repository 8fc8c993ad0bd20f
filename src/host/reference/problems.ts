/** The page of all problems by their codes, as Markdown. Pure. */
import { PROBLEM_CODES } from '../../core/problems/codes.js';

/** The page. */
export function renderProblems(): string {
  return [
    '# Problems by their codes',
    '',
    '<!-- Generated from src/core/problems: npm run reference -->',
    '',
    'The first line of each error and warning ends with a code in brackets; `--json` reports it as `code`.',
    'Codes are stable; the wording of messages is not. The message names the file, option or device',
    'concerned.',
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
