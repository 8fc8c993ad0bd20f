/** The generations beside the one that this machine runs from, on its storage. */
import type { BootRecord } from '../../../core/boot/record.js';
import type { GenerationChange } from '../../../core/generations/change.js';
import { type Generations, readGenerations } from '../../../core/generations/read.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import {
  CHOSEN,
  GENERATIONS,
  PINNED,
  placeOfGeneration,
  unfinishedName,
} from '../../../core/set/generations.js';
import { readerOf } from '../../images.js';
import { placeInside } from '../../resolve.js';
import type { RunningSystem } from '../../system.js';

/** The images folder of this boot, from the top of its file system: that of all its generations, if any. */
export function imagesPath({ storage }: BootRecord): string {
  return placeOfGeneration(storage.path)?.images ?? storage.path;
}

/** Generations, and where they are. */
export interface Found {
  readonly generations: Generations;
  /** The folder of generations, as it is mounted. */
  readonly folder: string;
}

/** Reads them; `root` is where the storage is mounted. */
export function openGenerations(machine: RunningSystem, record: BootRecord, root: string): Found {
  const images = placeInside(machine, root, imagesPath(record));
  const folder = `${images}/${GENERATIONS}`;
  const open = (number: number) => {
    const own = `${folder}/${number}`;
    return readerOf(machine, own, machine.list(own) ?? []);
  };
  const read = (file: string, offset: number, length: number) =>
    machine.readAt(`${folder}/${file}`, offset, length);
  const running = placeOfGeneration(record.storage.path)?.number;
  return { generations: readGenerations({ names: machine.list(folder), read, open }, running), folder };
}

/** Carries out a change, flushed; a dropped generation is absent from the first moment on. */
export function applyChange(
  machine: RunningSystem,
  { folder, generations }: Found,
  { action, number, already }: GenerationChange,
): Result<void> {
  const unfinished = generations.unfinished.map((name) => `${folder}/${name}`);
  const clear = unfinished.length === 0 ? [] : [['rm', '-rf', '--', ...unfinished]];
  const made = `${folder}/.${CHOSEN}`;
  if (action === 'use' && !already && !machine.write(made, `${number}\n`)) {
    machine.run(['rm', '-f', '--', made]);
    return err(failed(made, 'it cannot be written; the storage may be full'));
  }
  const steps = already ? [] : stepsOf(folder, action, number);
  for (const argv of [...clear, ...steps]) {
    const done = machine.run(argv);
    if (done.code !== 0) return err(failed(argv[0] as string, done.stderr.trim()));
  }
  return ok();
}

function stepsOf(folder: string, action: GenerationChange['action'], number: number): string[][] {
  const own = `${folder}/${number}`;
  const mark = `${own}/${PINNED}`;
  if (action === 'pin')
    return [
      ['touch', '--', mark],
      ['sync', '--', own],
    ];
  if (action === 'unpin')
    return [
      ['rm', '-f', '--', mark],
      ['sync', '--', own],
    ];
  if (action === 'use') {
    const made = `${folder}/.${CHOSEN}`;
    return [
      ['sync', '--', made],
      ['mv', '-f', '-T', '--', made, `${folder}/${CHOSEN}`],
      ['sync', '--', folder],
    ];
  }
  const gone = `${folder}/${unfinishedName(number)}`;
  return [
    ['mv', '-T', '--', own, gone],
    ['sync', '--', folder],
    ['rm', '-rf', '--', gone],
  ];
}

function failed(program: string, why: string): Problem {
  return {
    code: 'images-folder-not-writable',
    what: 'cannot change the generations',
    where: program,
    why,
    next: 'check that the medium is still attached, and see dmesg',
  };
}
