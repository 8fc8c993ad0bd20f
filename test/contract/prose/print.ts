/** Prints what prose has to mend, a finding a line; with words: of files whose paths contain one of them. */
import { findAll } from './files.js';

const words = process.argv.slice(2);
const chosen = [...findAll()].filter(
  ([path]) => words.length === 0 || words.some((word) => path.includes(word)),
);
for (const [path, findings] of chosen) {
  for (const { line, what } of findings) process.stdout.write(`${path}:${line}: ${what}\n`);
}
process.exitCode = chosen.length === 0 ? 0 : 1;
