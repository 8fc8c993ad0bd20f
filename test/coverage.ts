/** Prints how much of src the tests ran, by folder: `coverage.js LCOV`. No figure fails a run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byFolder, coverageLine, readLcov } from './lcov.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const modules = readdirSync(join(root, 'dist/src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.js'))
  .map((path) => `dist/src/${path}`)
  .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n').length }));
const files = readLcov(readFileSync(process.argv[2] ?? '', 'utf8'), modules);
const lines = [...byFolder(files)].map(([folder, own]) => coverageLine(folder, own));
process.stdout.write(`${[...lines, coverageLine('coverage of src', files)].join('\n')}\n`);
