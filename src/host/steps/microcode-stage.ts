/** The stage that makes `microcode.cpio`, where the tree holds microcode. */
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { formatBytes } from '../../core/text/size.js';
import { microcodeArchive } from '../pack/microcode.js';
import { whyFiles } from '../stages/decide.js';
import type { Work } from './work.js';

/** Make the file from the tree at `root`, or have the one of an earlier build go where there is none any more. */
export function microcodeStage(work: Work, root: string): void {
  const { context, output, book } = work;
  const archive = microcodeArchive(root);
  if (archive === undefined) {
    if (existsSync(join(output.path, FILES.microcode))) work.gone.add(FILES.microcode);
    return;
  }
  const inputs = { microcode: createHash('sha256').update(archive).digest('hex') };
  const why = whyFiles(book, 'microcode', inputs, output.path);
  if (why === undefined) return;
  context.emit({ type: 'stage', stage: 'microcode', state: 'start', detail: why });
  work.ran.push('microcode');
  const made = join(output.scratch.path, FILES.microcode);
  writeFileSync(made, archive);
  work.made.set(FILES.microcode, made);
  work.records.microcode = { inputs, at: new Date().toISOString(), output: {} };
  context.emit({ type: 'stage', stage: 'microcode', state: 'done', detail: formatBytes(archive.length) });
}
