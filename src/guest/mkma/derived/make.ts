/** Makes files that are made from others again, where layers are on other images than they were made on. */

import type { FileType } from '../../../core/archive/tree.js';
import { derivedRole, FUNCTIONS, touchedScript } from '../../../core/derived/derived.js';
import {
  DERIVED_MADE,
  DERIVED_MARK,
  type DerivedMark,
  type Touched,
  toRemake,
} from '../../../core/derived/mark.js';
import { must } from '../../must.js';
import type { GuestSystem } from '../../system.js';
import { rootOf } from '../merged.js';
import { FRESH, VIEW } from '../view.js';

/** What was done. */
export interface MadeDerived {
  readonly made: readonly string[];
  readonly failed: readonly { readonly name: string; readonly why: string }[];
  readonly seconds: number;
}

/** `undefined` if early boot left no mark. */
export function makeDerived(machine: GuestSystem): MadeDerived | undefined {
  const text = machine.readText(DERIVED_MARK);
  if (text === undefined) return undefined;
  const start = machine.uptime();
  const mark = JSON.parse(text) as DerivedMark;
  const root = rootOf(machine);
  const made: string[] = [];
  const failed: { name: string; why: string }[] = [];
  for (const { name, command } of toRemake(mark, touchedIn(machine))) {
    const inRoot = root === '/' ? [] : ['chroot', root];
    const { code, stdout, stderr } = machine.run([...inRoot, 'sh', '-c', SETTINGS + FUNCTIONS + command], {
      mayLack: true,
    });
    if (code === 0) made.push(name);
    else failed.push({ name, why: (stderr.trim() || stdout.trim()).split('\n').slice(-3).join('\n') });
  }
  remember(machine);
  return { made, failed, seconds: machine.uptime() - start };
}

/** Where /tmp will be, nothing is mounted yet: files in it would vanish. */
const SETTINGS = 'export TMPDIR=/run LC_ALL=C.UTF-8 HOME=/root; ';

function touchedIn(machine: GuestSystem): Touched[] {
  const fields = must(machine, ['sh', '-c', touchedScript()], { cwd: VIEW }).split('\0');
  const found: Touched[] = [];
  for (let i = 0; i + 2 < fields.length; i += 3) {
    const [folder = '', name = '', role] = fields.slice(i, i + 3);
    found.push({ layer: folder.replace(/^layers\//, ''), name, role: role === 'made' ? 'made' : 'from' });
  }
  return found;
}

/** What is in the upper directory of it: so far nobody has changed anything there. */
function remember(machine: GuestSystem): void {
  const listing = must(machine, ['find', FRESH, '-mindepth', '1', '-printf', '%y %i %C@ %P\\0']);
  const entries = listing.split('\0').flatMap((record): [string, string][] => {
    const match = /^(.) (\d+) (\S+) ([\s\S]+)$/.exec(record);
    if (match === null) return [];
    const [, type, ino, changed, path = ''] = match;
    // A whiteout may stand for a link.
    const role = derivedRole(path, (type === 'c' ? 'l' : type) as FileType);
    return role?.role === 'made' ? [[path, `${type} ${ino} ${changed}`]] : [];
  });
  machine.write(DERIVED_MADE, `${JSON.stringify({ format: 1, entries: Object.fromEntries(entries) })}\n`);
}
