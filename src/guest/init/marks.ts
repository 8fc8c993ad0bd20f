/** The marks of an overlay in file systems that were made by hand. */
import { isOfLayer, withoutOpaqueMark } from '../../core/archive/attributes.js';
import type { ArchiveRecord } from '../../core/archive/parser.js';
import { readErofs } from '../../core/image/erofs/reader.js';
import { damaged } from '../../core/image/problems.js';
import { watchReads } from '../../core/image/reads.js';
import { isMovingMark } from '../../core/overlay/marks.js';
import { err, ok, type Result } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';
import type { GuestSystem } from '../system.js';
import { type ImageFile, unreadableImage } from './images.js';

/**
 * Returns its folders that hide what is below them. Refuses a layer in which a file or folder has its content
 * elsewhere: the mark means something only on the directories that it was made on. `file`: a copy in RAM of
 * so many `bytes`.
 */
export function readMarks(
  machine: GuestSystem,
  image: ImageFile,
  file: string,
  bytes: number,
): Result<readonly string[]> {
  const opaque: string[] = [];
  const { read, failed } = watchReads(bytes, (at, length) => machine.readAt(file, at, length));
  let marked: readonly [path: string, mark: string] | undefined;
  const onRecord = ({ path, attributes }: ArchiveRecord): void => {
    const values = attributes?.((name) => isMovingMark(name) || isOfLayer(name)) ?? {};
    const mark = Object.keys(values).find(isMovingMark);
    if (mark !== undefined) marked ??= [path, mark];
    if (withoutOpaqueMark(values).opaque) opaque.push(path);
  };
  const wrong = readErofs(read, { onRecord });
  if (failed()) return err(unreadableImage(image, ''));
  if (wrong !== undefined) return err(damaged(wrong, { where: image.shown }));
  if (marked === undefined) return ok(opaque);
  const [path, mark] = marked;
  return err({
    code: 'overlay-mark',
    what: 'the layer depends on the directories it was made on',
    where: image.shown,
    why: `${quoteName(path)} has the attribute ${mark}, by which an overlay finds its content elsewhere`,
    next: 'save the changes with mkma persist, which resolves such marks',
  });
}
