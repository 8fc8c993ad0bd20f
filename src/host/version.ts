/** The version of this mkma, from its package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE } from './installed.js';

const text = readFileSync(join(PACKAGE, 'package.json'), 'utf8');
export const VERSION = (JSON.parse(text) as { version: string }).version;
