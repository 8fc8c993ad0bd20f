/** Write what is generated from the schema and the command line: docs/reference/. Run it after a build. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referenceOfThis } from '../dist/src/host/cli/reference.js';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
mkdirSync('docs/reference', { recursive: true });
for (const [path, text] of Object.entries(referenceOfThis())) writeFileSync(path, text);
