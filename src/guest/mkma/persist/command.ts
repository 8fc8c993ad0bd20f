/** `mkma persist`: the command line. */
import { buildCommand } from '@stricli/core';
import type { ImageFormat } from '../../../core/contract.js';
import { LONGEST_STILL, MOST_STILL, parseStill } from '../../../core/moment/limit.js';
import { listedChanges, renderLine, renderUnit, showPath } from '../../../core/overlay/change-list.js';
import { fullLines, isSecretChange, shortLines, shortUnits } from '../../../core/overlay/short-list.js';
import type { Unit } from '../../../core/records/units.js';
import { ok, type Result, usage } from '../../../core/result.js';
import { isLayerLabel } from '../../../core/set/layer-names.js';
import { quoteName } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import type { RunningSystem } from '../../system.js';
import { readBootRecord } from '../boot-record.js';
import { needRoot } from '../images-folder.js';
import { takeLock } from '../lock.js';
import { type Answer, type Context, show } from '../session.js';
import { checkView } from '../view.js';
import { droppedText } from './apply-rules.js';
import { checkAlone, persistIdentity } from './identity-answer.js';
import { type PersistOptions, persist } from './persist.js';
import { readRules, ruleText } from './rules.js';
import type { Persisted } from './save.js';
import { unsettledProblem } from './unsettled.js';

interface Flags {
  readonly all?: boolean;
  readonly select?: readonly string[];
  readonly deselect?: readonly string[];
  readonly dryRun?: boolean;
  readonly name?: string;
  readonly level?: string;
  readonly format?: ImageFormat;
  readonly ignoreRules?: boolean;
  readonly explain?: string;
  readonly auto?: boolean;
  readonly atShutdown?: boolean;
  readonly expand?: boolean;
  readonly identity?: boolean;
  readonly maxFreeze?: string;
  readonly json?: boolean;
}

const flag = (brief: string) => ({ kind: 'boolean', brief, withNegated: false, optional: true }) as const;
const word = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, placeholder, optional: true }) as const;
const words = (brief: string) => ({ ...word(brief, 'pattern'), variadic: true }) as const;

export const persistCommand = buildCommand<Flags, [], Context>({
  docs: {
    brief: 'save the changes you choose as a layer that later boots apply',
    fullDescription:
      'Save changes since boot, or since the last snapshot, as a persistence layer beside the base. Without options, the list of changes opens in $VISUAL, $EDITOR or an available editor: delete the lines of what you do not want to keep. Layers are written completely or not at all. Requires root.',
  },
  parameters: {
    flags: {
      all: flag('save all changes but what rules drop, without an editor'),
      select: words(
        'save only what the pattern of gitignore(5) matches, relative to /, or class:NAME, package:NAME, account:NAME; repeatable',
      ),
      deselect: words('save all but what the pattern matches; overrides --select; repeatable'),
      dryRun: flag('only show what would be saved'),
      name: word("add this label to the layer's name", 'label'),
      format: {
        kind: 'enum',
        values: ['cpio', 'erofs'],
        brief:
          'an archive to unpack, or a file system that stays compressed in RAM (default: by size, on a machine with an EROFS base; else cpio)',
        optional: true,
      },
      level: word('zstd level, 1 to 19 (default: the highest that takes about 10 s; of erofs 3)', 'n'),
      expand: flag('list every file, also of new folders'),
      maxFreeze: word(
        'let programs stand still for at most this long while files that they write are copied: 3s by default, 0: never',
        'time',
      ),
      ignoreRules: flag('drop nothing by rules'),
      identity: flag('save who the machine is (machine-id, ssh host keys ...), replacing what was saved'),
      explain: word('only say which rule keeps or drops the path', 'path'),
      auto: flag('save if the conditions in the rules hold, without asking: for timers'),
      atShutdown: flag('with --auto: save whatever changed, since the machine is about to end'),
      json: flag('print one JSON document on stdout'),
    },
  },
  func(flags) {
    const { json = false } = flags;
    return show(this, () => run(this, flags, json), json);
  },
});

function run(session: Context, flags: Flags, json: boolean): Result<Answer> {
  const { machine, terminal } = session;
  if (flags.explain !== undefined) return explain(machine, flags.explain);
  const refused = checkAuto(flags);
  if (!refused.ok) return refused;
  if (flags.auto === true)
    return session.saveByItself(flags.atShutdown === true ? 'shutdown' : 'timer', json);
  const alone = flags.identity === true ? checkAlone(flags) : ok();
  if (!alone.ok) return alone;
  const options = optionsOf(flags);
  if (!options.ok) return options;
  const root = needRoot(machine, 'save changes');
  if (!root.ok) return root;
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const view = checkView(machine, record.value);
  if (!view.ok) return view;
  const tell = (line: string): void => (json ? undefined : terminal.err(`${line}\n`));
  const lock = takeLock(machine, 'change', tell);
  if (!lock.ok) return lock;
  if (flags.identity === true) return persistIdentity(machine, record.value, options.value);
  const done = persist(machine, record.value, options.value, tell);
  if (!done.ok) return done;
  const value = done.value;
  const problem = value.unsettled.length === 0 ? {} : { problem: unsettledProblem(value.unsettled) };
  return { ok: true, value: { value: asJson(value), lines: () => lines(value, options.value), ...problem } };
}

/** Which rule decides about a path, a package or an account. */
function explain(machine: RunningSystem, text: string): Result<Answer> {
  const path = text.replace(/^\/+|\/+$/g, '');
  const rules = readRules(machine, false);
  if (!rules.ok) return rules;
  const { decider } = rules.value;
  const [, kind, name = ''] = /^(package|account):(.+)$/.exec(text) ?? [];
  const isFolder = text.endsWith('/') || machine.info(`/${path}`)?.kind === 'directory';
  const rule =
    kind === undefined ? decider.decide(path, isFolder) : decider.decideUnit(kind as Unit['kind'], name);
  const of = kind === undefined ? { path: `/${path}` } : { [kind]: name };
  const value = { ...of, kept: rule?.keeps !== false, ...(rule === undefined ? {} : { rule }) };
  const by = rule === undefined ? 'no rule matches' : `by ${ruleText(rule)}`;
  return { ok: true, value: { value, lines: () => [`${value.kept ? 'kept' : 'dropped'}: ${by}`] } };
}

/** Conditions and rules decide alone: options that choose have no place beside `--auto`. */
function checkAuto({ auto = false, atShutdown = false, json: _, ...others }: Flags): Result<void> {
  const next = 'see mkma persist --help';
  if (atShutdown && !auto)
    return usage({ code: 'exclusive-options', what: '--at-shutdown requires --auto', next });
  const other = Object.entries(others).find(([, value]) => value !== undefined && value !== false);
  if (!auto || other === undefined) return ok();
  const name = other[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return usage({ code: 'exclusive-options', what: `--auto and --${name} exclude each other`, next });
}

function optionsOf(flags: Flags): Result<PersistOptions> {
  const { all = false, select = [], deselect = [], dryRun = false, ignoreRules = false } = flags;
  const { name, level, format, expand = false } = flags;
  if (level !== undefined && !isLevel(level)) {
    return usage({
      code: 'level-invalid',
      what: `invalid zstd level: --level ${level}`,
      why: 'it must be 1 to 19',
      next: 'omit it to use the highest that takes about 10 s',
    });
  }
  if (name !== undefined && !isLayerLabel(name)) {
    const why = 'it must be at most 64 letters, digits, dots, - and _, beginning with a letter or digit';
    return usage({
      code: 'label-invalid',
      what: `invalid label: --name ${name}`,
      why,
      next: 'choose another label',
    });
  }
  if (all && select.length > 0) {
    return usage({
      code: 'exclusive-options',
      what: '--all and --select exclude each other',
      next: 'leave out one of them',
    });
  }
  const mostStill = parseStill(flags.maxFreeze ?? DEFAULT_FREEZE);
  if (mostStill === undefined) {
    return usage({
      code: 'time-invalid',
      what: `invalid time: --max-freeze ${flags.maxFreeze}`,
      why: `it must be 0 to ${LONGEST_STILL} seconds, such as 3s, 0.5s or 500ms`,
      next: `omit it for ${DEFAULT_FREEZE}`,
    });
  }
  const chosen = level === undefined ? undefined : Number(level);
  return {
    ok: true,
    value: {
      ...{ all, select, deselect, expand, dryRun, ignoreRules, label: name, level: chosen, format },
      ...{ mostStill, unsettled: 'warn' },
    },
  };
}

const DEFAULT_FREEZE = `${MOST_STILL}s`;

function isLevel(text: string): boolean {
  return /^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 19;
}

function asJson({ changes, units, dropped, facts, unsettled, ...value }: Persisted): unknown {
  const { groups, packages } = facts;
  return {
    ...value,
    unsettled: unsettled.map((one) => ({ ...one, path: `/${one.path}` })),
    dropped: dropped.map(({ paths, ...one }) => ({ ...one, paths: paths.map((path) => `/${path}`) })),
    units: units.map(({ kind, text, bytes }) => ({ kind, name: text.split(' ')[0], text, bytes })),
    changes: listedChanges(changes).map((change) => {
      const { kind, path, from } = change;
      const [group, name] = [groups.get(path), packages.get(path)];
      return {
        ...{ kind, path: path === '.' ? '/' : `/${path}` },
        ...(from === undefined ? {} : { from: `/${from}` }),
        ...(group === undefined ? {} : { group: { kind: group.kind, path: `/${group.path}` } }),
        ...(name === undefined ? {} : { package: name }),
        ...(isSecretChange(change) ? { secret: true } : {}),
      };
    }),
  };
}

function lines(value: Persisted, options: PersistOptions): string[] {
  const { layer, changes, units, dropped, facts, format, unpackedBytes, nextBoot, sockets, warnings } = value;
  const notes = [
    ...sockets.map((path) => `not saved, since sockets exist only with their program: ${showPath(path)}`),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  const byRules = dropped.map((one) => droppedText(one, 1));
  if (changes.length + units.length === 0) {
    return [...notes, ...(options.all ? byRules : []), 'nothing to save'];
  }
  const length = listedChanges(changes).length + units.length;
  const count = `${length} ${length === 1 ? 'change' : 'changes'}`;
  const about = layer === undefined && format === 'erofs' ? 'about ' : '';
  const needs = `${about}${formatBytes(unpackedBytes)} in RAM; the next boot's images need ${about}${formatBytes(nextBoot)}`;
  const secrets = value.secrets === 0 ? [] : [secretsText(value.secrets)];
  if (layer === undefined) {
    const heading = options.dryRun ? [`would be saved: ${count}, ${needs}`] : [];
    const shown = options.expand ? units : shortUnits(units);
    const listed = options.expand ? fullLines(changes, facts) : shortLines(changes, facts, shown.length);
    return [
      ...shown.map(renderUnit),
      ...listed.map(renderLine),
      ...notes,
      ...byRules,
      ...secrets,
      ...heading,
    ];
  }
  const on = value.layersOn === undefined ? '' : ` on ${quoteName(value.layersOn)}`;
  const still = value.stoodStill > 0 ? [`programs stood still for ${value.stoodStill.toFixed(2)} s`] : [];
  return [
    ...[...notes, ...byRules, ...secrets, ...still],
    `saved ${count} as ${layer.file}${on}, ${formatBytes(layer.bytes)}, ${needs}`,
  ];
}

function secretsText(count: number): string {
  const what = count === 1 ? '1 of these is a secret' : `${count} of these are secrets`;
  return `${what}: whoever has the medium can read ${count === 1 ? 'it' : 'them'}, unless it is encrypted`;
}
