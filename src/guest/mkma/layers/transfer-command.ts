/** `mkma layers export` and `import`: the command line. */
import { buildCommand } from '@stricli/core';
import type { BootRecord } from '../../../core/boot/record.js';
import { type Result, usage } from '../../../core/result.js';
import { readBootRecord } from '../boot-record.js';
import { needRoot } from '../images-folder.js';
import { takeLock } from '../lock.js';
import { type Answer, type Context, type Session, show } from '../session.js';
import { exportLayers } from './export.js';
import { importLayers } from './import.js';

interface ExportFlags {
  readonly force?: boolean;
  readonly identity?: boolean;
  readonly json?: boolean;
}

const flag = (brief: string) => ({ kind: 'boolean', brief, withNegated: false, optional: true }) as const;
const json = flag('print one JSON document on stdout');
const words = (brief: string, placeholder: string) =>
  ({ kind: 'array', parameter: { brief, parse: String, placeholder } }) as const;

export const exportCommand = buildCommand<ExportFlags, string[], Context>({
  docs: {
    brief: 'copy layers to a file or folder',
    fullDescription:
      'Copy layers out of the images folder: one to a file, or several, by default all that are enabled, to a folder. Layers and copies are compared with their manifests. Requires root.',
  },
  parameters: {
    flags: {
      force: flag('replace files'),
      identity: flag('include layers that say who this machine is'),
      json,
    },
    positional: words('names of layers, then a file or folder', 'name... target'),
  },
  func(flags, ...all) {
    const target = all.at(-1);
    const work = (record: BootRecord): Result<Answer> => {
      if (target === undefined) return missing('a file or folder to copy to');
      const { force = false, identity = false } = flags;
      return exportLayers(this.machine, record, { names: all.slice(0, -1), target }, { force, identity });
    };
    return show(this, () => onMachine(this, 'export layers', work), flags.json === true);
  },
});

export const importCommand = buildCommand<Pick<ExportFlags, 'json'>, string[], Context>({
  docs: {
    brief: 'copy layers from files into the images folder, on top of all others',
    fullDescription:
      'Copy layers from files into the images folder, on top of all others. Every byte is compared with their manifests first. Requires root.',
  },
  parameters: { flags: { json }, positional: words('files of layers', 'file') },
  func(flags, ...paths) {
    const work = (record: BootRecord): Result<Answer> => {
      if (paths.length === 0) return missing('a file to import');
      const lock = takeLock(this.machine, 'change', (line) => this.terminal.err(`${line}\n`));
      return lock.ok ? importLayers(this.machine, record, paths) : lock;
    };
    return show(this, () => onMachine(this, 'import layers', work), flags.json === true);
  },
});

function missing(what: string): Result<never> {
  return usage({ code: 'arguments-invalid', what: `${what} is missing`, next: 'see mkma layers --help' });
}

function onMachine(
  { machine }: Session,
  purpose: string,
  work: (record: BootRecord) => Result<Answer>,
): Result<Answer> {
  const root = needRoot(machine, purpose);
  if (!root.ok) return root;
  const record = readBootRecord(machine);
  return record.ok ? work(record.value) : record;
}
