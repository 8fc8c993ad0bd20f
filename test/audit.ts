/**
 * Fails where npm's registry knows an advisory for a package that mkma ships. Where it does not answer, or knows no advisories, that is
 * reported, and nothing fails.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readAnswer } from './advisories.js';

const LIMIT_MS = 60_000;
const root = fileURLToPath(new URL('../..', import.meta.url));
const { stdout, error } = spawnSync('npm', ['audit', '--json', '--fetch-retries=0'], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
  timeout: LIMIT_MS,
});
const answer = error === undefined ? readAnswer(stdout, shippedPackages()) : { none: error.message };
if ('none' in answer) say(`audit skipped: ${answer.none}`);
else if (answer.advisories.length === 0) say('audit: no advisories for the packages that mkma ships');
else {
  for (const advisory of answer.advisories) say(`audit: ${advisory}`);
  process.exitCode = 1;
}

/** Those that the compiled program holds (scripts/build.mjs), and those that npm installs beside it. */
function shippedPackages(): string[] {
  const bundled: Record<string, string[]> = JSON.parse(readFileSync(`${root}/dist/bundled.json`, 'utf8'));
  const { dependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
  const names = Object.values(bundled)
    .flat()
    .map((folder) => folder.replace(/^.*node_modules\//, ''));
  return [...new Set([...names, ...Object.keys(dependencies)])];
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
