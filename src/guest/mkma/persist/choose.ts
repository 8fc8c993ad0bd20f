/** The choice of changes: in an editor, or by options. */
import { keptChanges, parseList, renderList, type UnitLine } from '../../../core/overlay/change-list.js';
import type { Change } from '../../../core/overlay/changes.js';
import type { Groups } from '../../../core/overlay/groups.js';
import { fullLines, type ListFacts, shortLines, shortUnits } from '../../../core/overlay/short-list.js';
import type { Unit } from '../../../core/records/units.js';
import { err, ok, type Result } from '../../../core/result.js';
import { ancestorsOf } from '../../../core/text/path.js';
import { must } from '../../must.js';
import { NoRoom } from '../../no-room.js';
import type { RunningSystem } from '../../system.js';
import type { Chosen } from './chosen.js';
import { checkPatterns, matcherOf, withGroupsOf } from './select.js';

const LIST = '/run/mkma/persist.list';

export interface Choice {
  readonly all: boolean;
  /** Patterns as in gitignore(5), relative to the root; what they match is kept, and nothing else. */
  readonly select: readonly string[];
  /** What these match is not kept. */
  readonly deselect: readonly string[];
  /** Whether the list has a line for every file. */
  readonly expand: boolean;
}

/** Whether options make the whole choice, without an editor. */
export function choosesAtOnce({ all, select, deselect }: Choice): boolean {
  return all || select.length > 0 || deselect.length > 0;
}

/** What can be chosen. */
export interface Offer {
  /** Without those that belong to units, and files of which only records of units have changed. */
  readonly changes: readonly Change[];
  readonly units: readonly Unit[];
  readonly lines: readonly UnitLine[];
  readonly facts: ListFacts;
}

/** The choice. `notes` are printed in the list to edit. */
export function chooseChanges(
  machine: RunningSystem,
  choice: Choice,
  offer: Offer,
  notes: readonly string[],
): Result<Chosen> {
  const { changes, units, lines: unitLines, facts } = offer;
  if (choice.all && choice.deselect.length === 0) return ok({ changes, units });
  if (choosesAtOnce(choice)) {
    const checked = checkPatterns([...choice.select, ...choice.deselect]);
    if (!checked.ok) return checked;
    const [select, deselect] = [matcherOf(choice.select), matcherOf(choice.deselect)];
    return ok({
      changes: byPatterns(choice, changes, facts.groups),
      units: units.filter(
        (unit) => !deselect.unit(unit) && (choice.select.length === 0 || select.unit(unit)),
      ),
    });
  }
  const shown = choice.expand ? unitLines : shortUnits(unitLines);
  const lines = choice.expand ? fullLines(changes, facts) : shortLines(changes, facts, shown.length);
  const edited = edit(machine, renderList(lines, notes, shown));
  if (!edited.ok) return edited;
  const kept = parseList(edited.value, lines, shown);
  if (!kept.ok) return kept;
  const keptUnits = new Set(
    shown.flatMap(({ stands }, i) => (kept.value.units.has(i) ? (stands ?? [i]) : [])),
  );
  return ok({
    changes: keptChanges(changes, lines, kept.value.paths, facts.groups),
    units: units.filter((_, i) => keptUnits.has(i)),
  });
}

function byPatterns(
  { select, deselect }: Choice,
  changes: readonly Change[],
  groups: Groups,
): readonly Change[] {
  const matches = {
    selected: withGroupsOf(matcherOf(select), groups, true),
    dropped: withGroupsOf(matcherOf(deselect), groups, false),
  };
  const moved = movedFolders(changes);
  /** Whether a pattern matches a moved folder: where it is, or where it was. */
  const matchesFolder = (by: keyof typeof matches, path: string | undefined): boolean =>
    (path === undefined ? [] : (moved.get(path) ?? [])).some(matches[by]);
  const isKept = (change: Change): boolean => {
    const { path, partOf } = change;
    const folder = moved.has(path) ? path : (partOf ?? ancestorsOf(path).find((above) => moved.has(above)));
    if (matches.dropped(change) || matchesFolder('dropped', folder)) return false;
    if (select.length === 0 || matchesFolder('selected', folder)) return true;
    // What a moved folder leaves behind goes with it; of what it contains, parts can be selected.
    const inside = partOf === undefined || ancestorsOf(path).includes(partOf);
    return inside && matches.selected(change);
  };
  const kept = new Set(changes.filter(isKept).map(({ path }) => path));
  const { dropped } = matches;
  const made = new Map(
    changes.filter(({ kind }) => ['new', 'retyped', 'moved'].includes(kind)).map((c) => [c.path, c]),
  );
  // What is kept needs its folders, unless one of them is excluded.
  for (const path of [...kept]) {
    const missing = ancestorsOf(path).filter((above) => made.has(above) && !kept.has(above));
    if (missing.some((above) => dropped(made.get(above) as Change))) kept.delete(path);
    else for (const above of missing) kept.add(above);
  }
  return changes.filter(({ path }) => kept.has(path));
}

/** Moved folders by path, each with its own change and that of where it was. */
function movedFolders(changes: readonly Change[]): Map<string, readonly Change[]> {
  const gone = new Map(changes.filter(({ kind }) => kind === 'deleted').map((one) => [one.path, one]));
  return new Map(
    changes
      .filter(({ kind }) => kind === 'moved')
      .map((change) => {
        const source = gone.get(change.from ?? '');
        return [change.path, source === undefined ? [change] : [change, source]];
      }),
  );
}

/** The text as the user's editor left it. */
function edit(machine: RunningSystem, text: string): Result<string> {
  must(machine, ['install', '-m', '0600', '/dev/null', LIST]);
  if (!machine.write(LIST, text)) throw new NoRoom('/run');
  const asked = machine.environment('VISUAL') ?? machine.environment('EDITOR');
  const editor = asked ?? found(machine);
  if (editor === undefined) {
    return err({
      code: 'editor-missing',
      what: 'no editor found',
      where: 'VISUAL, EDITOR',
      why: 'neither is set, and none of sensible-editor, editor, nano and vi is installed',
      next: 'set EDITOR, or choose with --all, --select PATTERN, --deselect PATTERN',
    });
  }
  // Started like git and crontab do: the variable may contain options.
  const command = `ulimit -Sn "$(ulimit -Hn)"; ${editor} "$@"`;
  const code = machine.converse(['sh', '-c', command, editor, LIST]);
  if (code !== 0) {
    return err({
      code: 'editor-failed',
      what: `the editor failed (exit code ${code})`,
      where: editor,
      why: 'the list it left is ignored',
      next: 'set VISUAL or EDITOR to another one; nothing was saved',
    });
  }
  const edited = machine.readText(LIST);
  return edited === undefined
    ? err({ code: 'edited-list-gone', what: 'the edited list was removed', where: LIST, next: 'try again' })
    : ok(edited);
}

/** An editor on the caller's path. */
function found(machine: RunningSystem): string | undefined {
  const folders = (machine.environment('PATH') ?? '/usr/bin:/bin').split(':').filter((one) => one !== '');
  return ['sensible-editor', 'editor', 'nano', 'vi'].find((name) =>
    folders.some((folder) => ((machine.info(`${folder}/${name}`)?.mode ?? 0) & 0o111) !== 0),
  );
}
