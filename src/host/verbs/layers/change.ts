/** `mkma layers` on the host, commands that change something: disable, enable, drop, rename. */
import { renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Action,
  type ChangeOptions,
  changeLines,
  type LayerChange,
  planChange,
} from '../../../core/layers/change.js';
import { planRename } from '../../../core/layers/rename.js';
import { err, ok, type Result } from '../../../core/result.js';
import type { StoredImages } from '../../../core/set/stored.js';
import { openImages } from '../../set/folder.js';
import { flush } from '../../sys/files.js';
import type { Told } from './look.js';

/** One of these changes. */
export function change(
  action: Action,
  folder: string,
  name: string,
  options: ChangeOptions = {},
): Result<Told<LayerChange>> {
  return changePlanned(folder, (stored) => planChange(action, stored, name, options));
}

/** A new label. */
export function rename(folder: string, name: string, label: string): Result<Told<LayerChange>> {
  return changePlanned(folder, (stored) => planRename(stored, name, label));
}

/** Renames or removes a layer's file, and flushes the folder, so that a power cut undoes nothing. */
function changePlanned(
  folder: string,
  planned: (stored: StoredImages) => Result<LayerChange>,
): Result<Told<LayerChange>> {
  const stored = openImages(folder);
  if (!stored.ok) return stored;
  const plan = planned(stored.value);
  if (!plan.ok) return plan;
  const { file, becomes } = plan.value;
  try {
    if (becomes === undefined) unlinkSync(join(folder, file));
    else renameSync(join(folder, file), join(folder, becomes));
    flush(folder);
  } catch (cause) {
    const why = (cause as Error).message;
    const next = 'check that the folder can be written to; if it belongs to root, run as root';
    return err({
      code: 'images-folder-not-writable',
      what: 'cannot change the images folder',
      where: join(folder, file),
      why,
      next,
    });
  }
  return ok({ ...plan.value, lines: changeLines(plan.value) });
}
