/** Reads the files of a kernel's module folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import type { ModuleTexts } from './modules.js';

/** What depmod(8) wrote into `folder`, the module folder of the kernel `release`. */
export async function readModuleTexts(folder: string, release: string): Promise<Result<ModuleTexts>> {
  const dep = await optionalText(join(folder, 'modules.dep'));
  if (dep === undefined) {
    return err({
      code: 'modules-without-index',
      what: "the kernel's modules are not indexed",
      where: join(folder, 'modules.dep'),
      why: 'depmod was not run on them',
      next: `run depmod ${release} in their tree`,
    });
  }
  const [builtin = '', softdep = '', alias = ''] = await Promise.all(
    ['builtin', 'softdep', 'alias'].map((name) => optionalText(join(folder, `modules.${name}`))),
  );
  return ok({ dep, builtin, softdep, alias });
}

/** A file's text; `undefined` if there is none. */
async function optionalText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
}
