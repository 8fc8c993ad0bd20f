/**
 * Writes what was found in each file into allowances.json, where it is no more than before in all: files may move, findings may not come
 * in. With words: also the findings of files whose paths hold one of them.
 *   npm run prose -- docs/boot.md
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ALLOWANCES, findAll, readAllowances } from './files.js';

const words = process.argv.slice(2);
const found = findAll();
for (const [path, findings] of found) {
  if (!words.some((word) => path.includes(word))) continue;
  for (const { line, what } of findings) process.stdout.write(`${path}:${line}: ${what}\n`);
}
const counts = new Map([...found].map(([path, { length }]) => [path, length]));
const [before, now] = [sum(readAllowances()), sum(counts)];
process.stdout.write(`${now} findings in ${counts.size} files, ${before} allowed\n`);
if (now > before) process.exitCode = 1;
else {
  const text = `${JSON.stringify(Object.fromEntries(counts), null, 2)}\n`;
  // A newer file would have everything compiled again.
  if (text !== readFileSync(ALLOWANCES, 'utf8')) writeFileSync(ALLOWANCES, text);
}

function sum(counted: ReadonlyMap<string, number>): number {
  return [...counted.values()].reduce((total, count) => total + count, 0);
}
