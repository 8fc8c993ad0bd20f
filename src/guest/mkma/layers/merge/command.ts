/** `mkma layers merge`: the command line. */
import { buildCommand } from '@stricli/core';
import type { ImageFormat } from '../../../../core/contract.js';
import { type Result, usage } from '../../../../core/result.js';
import { isLayerLabel } from '../../../../core/set/layer-names.js';
import { quoteName } from '../../../../core/text/path.js';
import { formatBytes } from '../../../../core/text/size.js';
import { readBootRecord } from '../../boot-record.js';
import { needRoot } from '../../images-folder.js';
import { takeLock } from '../../lock.js';
import { type Answer, type Context, type Session, show } from '../../session.js';
import { mergeLayers } from './merge.js';
import type { MergedLayers, MergeOptions } from './options.js';

interface Flags {
  readonly dryRun?: boolean;
  readonly name?: string;
  readonly level?: string;
  readonly format?: ImageFormat;
  readonly json?: boolean;
}

const flag = (brief: string) => ({ kind: 'boolean', brief, withNegated: false, optional: true }) as const;
const word = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, placeholder, optional: true }) as const;

export const mergeCommand = buildCommand<Flags, string[], Context>({
  docs: {
    brief: 'make one layer of several neighbours, which shows the same as they do together',
    fullDescription:
      'Make one layer of several neighbours, which shows the same as they do together. FROM..TO names the lowest and the highest of them, FROM.. all from there on; without a range, all that the next boot applies are merged. The old layers are removed once the new one is on the medium. Requires root.',
  },
  parameters: {
    flags: {
      dryRun: flag('only show what would be merged'),
      name: word("this label in the layer's name (default: merged)", 'label'),
      format: {
        kind: 'enum',
        values: ['cpio', 'erofs'],
        brief: 'an archive or a file system, as of mkma persist',
        optional: true,
      },
      level: word('zstd level, 1 to 19 (default: as of mkma persist)', 'n'),
      json: flag('print one JSON document on stdout'),
    },
    positional: {
      kind: 'array',
      parameter: { brief: 'FROM..TO, or names of neighbours', parse: String, placeholder: 'range' },
    },
  },
  func(flags, ...words) {
    return show(this, () => run(this, flags, words), flags.json === true);
  },
});

function run({ machine, terminal }: Session, flags: Flags, words: readonly string[]): Result<Answer> {
  const options = optionsOf(flags);
  if (!options.ok) return options;
  const root = needRoot(machine, 'merge layers');
  if (!root.ok) return root;
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const lock = takeLock(machine, 'change', (line) => terminal.err(`${line}\n`));
  if (!lock.ok) return lock;
  const tell = (line: string): void => (flags.json === true ? undefined : terminal.err(`${line}\n`));
  const done = mergeLayers(machine, record.value, words, options.value, tell);
  if (!done.ok) return done;
  return { ok: true, value: { value: done.value, lines: () => lines(done.value) } };
}

function optionsOf({ dryRun = false, name, level, format }: Flags): Result<MergeOptions> {
  if (level !== undefined && !/^([1-9]|1\d)$/.test(level)) {
    return usage({
      code: 'level-invalid',
      what: `invalid zstd level: --level ${level}`,
      why: 'it must be 1 to 19',
      next: 'omit it to use the highest that takes about 10 s',
    });
  }
  if (name !== undefined && !isLayerLabel(name)) {
    return usage({
      code: 'label-invalid',
      what: `invalid label: --name ${name}`,
      why: 'it must be at most 64 letters, digits, dots, - and _, beginning with a letter or digit',
      next: 'choose another label',
    });
  }
  return {
    ok: true,
    value: { dryRun, label: name, level: level === undefined ? undefined : Number(level), format },
  };
}

/** For people. */
function lines({ merged, before, layer, unpackedBytes, nextBoot, notes, ...counts }: MergedLayers): string[] {
  const said = [...notes, ...counts.warnings.map((warning) => `warning: ${warning}`)];
  if (merged.length === 0) return [...said, 'nothing to merge'];
  const { entries, deletions } = counts;
  const ram = `${formatBytes(unpackedBytes)} in RAM; the next boot's images need ${formatBytes(nextBoot)}`;
  if (layer === undefined) {
    const holds = `${entries} entries and ${deletions} deletions`;
    return [
      ...merged.map(quoteName),
      ...said,
      `would be merged: ${merged.length} layers, ${formatBytes(before)}, into ${holds}, ${ram}`,
    ];
  }
  const became = `${quoteName(layer.file)}, ${formatBytes(layer.bytes)}, ${ram}`;
  return [...said, `merged ${merged.length} layers, ${formatBytes(before)}, into ${became}`];
}
