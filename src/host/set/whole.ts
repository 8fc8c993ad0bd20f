/** The set of images in a folder: whole, and of one build. */
import { join } from 'node:path';
import { err, type Problem, type Result } from '../../core/result.js';
import { setFault } from '../../core/set/whole.js';
import { wasCutOff } from '../stages/publishing.js';
import { readerOf } from './folder.js';
import { type FoundBase, findBase } from './images.js';

/** Its base; a Problem where a file is missing, or where its files are of several builds. */
export function findWhole(folder: string): Result<FoundBase> {
  const base = findBase(folder);
  if (!base.ok) return base;
  const fault = setFault(readerOf(folder), base.value.info.manifest);
  if (fault !== undefined && 'lacking' in fault) return err(lacks(folder, fault.lacking));
  const why = wasCutOff(folder) ? CUT_OFF : fault?.mixed;
  return why === undefined ? base : err(mixed(folder, why));
}

const CUT_OFF = 'a build was cut off while it published, so base, initramfs and kernel may not match';

function lacks(folder: string, [first = '']: readonly string[]): Problem {
  return {
    code: 'image-missing',
    what: 'no image to boot',
    where: join(folder, first),
    why: 'no such file',
    next: 'build it: mkma build; or name the folder with --output',
  };
}

function mixed(where: string, why: string): Problem {
  return {
    code: 'images-mixed',
    what: 'the images in this folder are of different builds',
    where,
    why,
    next: 'build again: mkma build; or name a generation: --output IMAGES/generations/N',
  };
}
