/** The files whose prose is checked, and what was found in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findingsIn } from './check.js';
import type { Finding } from './words.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** What users and contributors read. docs/reference/ is generated from strings of src, which are checked there. */
const FOLDERS = ['docs', 'notes', 'src', 'presets', 'examples'];
const FILES = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
const TEXT = /(\.(md|ts|sh)|\/[\w-]+)$/;

/** Findings by file, of files that have some. */
export function findAll(): Map<string, Finding[]> {
  const below = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  );
  const paths = [...FILES, ...below].filter((path) => TEXT.test(path) && !path.startsWith('docs/reference/'));
  const all = paths
    .sort()
    .map((path) => [path, findingsIn(path, readFileSync(join(root, path), 'utf8'))] as const);
  return new Map(all.filter(([, findings]) => findings.length > 0));
}
