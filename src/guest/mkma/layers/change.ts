/** `mkma layers disable`, `enable`, `drop` and `rename` on the machine. */
import type { BootRecord } from '../../../core/boot/record.js';
import {
  type Action,
  type ChangeOptions,
  changeLines,
  type LayerChange,
  planChange,
} from '../../../core/layers/change.js';
import { nextBootOf } from '../../../core/layers/next-boot.js';
import { planRename } from '../../../core/layers/rename.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import type { StoredImages } from '../../../core/set/stored.js';
import type { RunningSystem } from '../../system.js';
import { openImages, withImages } from '../images-folder.js';
import { takeLock } from '../lock.js';
import { rememberNextBoot } from '../next-boot.js';
import type { Answer, Session } from '../session.js';

/** One of these changes. */
export function change(
  { machine, terminal }: Session,
  record: BootRecord,
  action: Action,
  name: string,
  options: ChangeOptions = {},
): Result<Answer> {
  const tell = (line: string): void => terminal.err(`${line}\n`);
  return changePlanned(machine, record, (stored) => planChange(action, stored, name, options), tell);
}

/** A new label. */
export function rename(
  { machine, terminal }: Session,
  record: BootRecord,
  name: string,
  label: string,
): Result<Answer> {
  const tell = (line: string): void => terminal.err(`${line}\n`);
  return changePlanned(machine, record, (stored) => planRename(stored, name, label), tell);
}

/** Plans with the storage mounted read-only; what is refused changes nothing. */
function changePlanned(
  machine: RunningSystem,
  record: BootRecord,
  planned: (stored: StoredImages) => Result<LayerChange>,
  tell: (line: string) => void,
): Result<Answer> {
  const lock = takeLock(machine, 'change', tell);
  if (!lock.ok) return lock;
  const plan = (folder: string): Result<LayerChange> => {
    const stored = openImages(machine, record, folder);
    return stored.ok ? planned(stored.value) : stored;
  };
  const looked = withImages(machine, record, 'read', plan);
  if (!looked.ok) return looked;
  machine.outliveInterrupts();
  const done = withImages(machine, record, 'write', (folder) => {
    const planned = plan(folder);
    if (!planned.ok) return planned;
    const changed = apply(machine, folder, planned.value);
    if (!changed.ok) return changed;
    const now = openImages(machine, record, folder);
    if (now.ok) rememberNextBoot(machine, nextBootOf(now.value, record));
    return planned;
  });
  if (!done.ok) return done;
  return ok({ value: done.value, lines: () => changeLines(done.value) });
}

/** Renames or removes the file, and flushes the folder, so that a power cut undoes nothing. */
function apply(machine: RunningSystem, folder: string, { file, becomes }: LayerChange): Result<void> {
  const from = `${folder}/${file}`;
  if (becomes === undefined) {
    const removed = machine.run(['rm', '--', from]);
    if (removed.code !== 0) return err(failed(file, removed.stderr.trim()));
  } else if (!machine.rename(from, `${folder}/${becomes}`)) {
    return err(failed(file, `cannot rename it to ${becomes}`));
  }
  const flushed = machine.run(['sync', folder]);
  return flushed.code === 0 ? ok() : err(failed(file, flushed.stderr.trim()));
}

function failed(where: string, why: string): Problem {
  return {
    code: 'images-folder-not-writable',
    what: 'cannot change the images folder',
    where,
    why,
    next: 'check that the medium is still attached, and see dmesg',
  };
}
