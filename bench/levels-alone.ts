/** bench/run levels: packing alone, level by level. levels-alone.js --output IMAGES [--runs N] [--levels 1,3] */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchLevels, LEVELS } from './levels.js';
import { levelLines } from './report.js';

const { values } = parseArgs({
  options: {
    output: { type: 'string', default: 'mkma_images' },
    runs: { type: 'string', default: '5' },
    levels: { type: 'string', default: LEVELS.join(',') },
  },
});
const scratch = mkdtempSync(join(values.output, '.bench-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const levels = values.levels.split(',').map(Number);
const found = await benchLevels({ images: values.output, scratch, runs: Number(values.runs), levels });
process.stdout.write(`${levelLines(found).join('\n')}\nload average ${loadavg()[0]?.toFixed(1)} after\n`);
