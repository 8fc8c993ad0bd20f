/**
 * Fails where npm's registry knows an advisory for a package that mkma ships. Where it does not answer, or knows no advisories, that is
 * reported, and nothing fails.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readAnswer } from './advisories.js';

const LIMIT_MS = 60_000;
const root = fileURLToPath(new URL('../..', import.meta.url));
const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json', '--fetch-retries=0'], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
  timeout: LIMIT_MS,
});
const answer = error === undefined ? readAnswer(stdout) : { none: error.message };
if ('none' in answer) say(`audit skipped: ${answer.none}`);
else if (answer.advisories.length === 0) say('audit: no advisories for the packages that mkma ships');
else {
  for (const advisory of answer.advisories) say(`audit: ${advisory}`);
  process.exitCode = 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
