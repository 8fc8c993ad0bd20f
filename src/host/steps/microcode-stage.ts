/** The stage `microcode`: makes `microcode.cpio`, if the tree has microcode. */
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { microcodeArchive } from '../pack/microcode.js';
import { whyFiles } from '../stages/decide.js';
import { runStage, type Work } from './work.js';

/**
 * Makes the file from the tree at `root`, or drops that of an earlier build if there is no microcode any
 * more.
 */
export async function microcodeStage(work: Work, root: string): Promise<Result<unknown>> {
  const { output, state } = work;
  const archive = microcodeArchive(root);
  if (archive === undefined) {
    if (existsSync(join(output.path, FILES.microcode))) work.gone.add(FILES.microcode);
    return ok();
  }
  const inputs = { microcode: createHash('sha256').update(archive).digest('hex') };
  const why = whyFiles(state, 'microcode', inputs, output.path);
  if (why === undefined) return ok();
  return runStage(work, 'microcode', why, formatBytes, async () => {
    const made = join(output.scratch.path, FILES.microcode);
    writeFileSync(made, archive);
    work.made.set(FILES.microcode, made);
    work.records.microcode = { inputs, at: new Date().toISOString(), output: {} };
    return ok(archive.length);
  });
}
