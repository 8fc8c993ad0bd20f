/** Where `mkma run` and `mkma test` keep their files: DIR/.mkma/run and DIR/.mkma/test. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { giveTo, type Owner } from '../sys/files.js';
import { STATE } from '../sys/output.js';

/** Creates `output/.mkma/name` and gives it to the owner. Returns its path. */
export function makeFolder(output: string, name: 'run' | 'test', owner: Owner | undefined): Result<string> {
  const folder = join(output, STATE, name);
  try {
    const first = mkdirSync(folder, { recursive: true });
    if (first !== undefined) {
      for (let path = folder; path.length >= first.length; path = dirname(path)) giveTo(path, owner);
    }
    return ok(folder);
  } catch (cause) {
    return err({
      code: 'vm-folder-unusable',
      what: "cannot create the folder for the virtual machine's files",
      where: folder,
      why: (cause as Error).message,
      next: 'run as the owner of the images folder, or copy it with cp',
    });
  }
}
