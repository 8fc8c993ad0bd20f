/** Programs that write the contents of layers one after the other, as a packer reads them. */
import type { PlannedRecord } from '../../../../core/image/archive-plan.js';
import { ContentStreams, type Step } from '../../../../core/layers/merge/contents.js';
import type { MergedEntry } from '../../../../core/layers/merge/tree.js';
import type { RunningSystem } from '../../../system.js';
import { nullEnded } from '../../directory.js';
import type { Feed } from '../../persist/packing.js';
import { WORK } from '../../persist/work.js';
import type { Source } from './sources.js';

/** What has contents: the file of an archive, or a folder. */
export type ContentSource = Pick<Source, 'contents' | 'place'>;

/** Of a file, its bytes from `skip` on. */
const TAIL = `exec dd if="$1" bs=1M iflag=skip_bytes skip="$0" status=none`;

/** The contents of a merged layer. The work folder is mounted whenever it is used. */
export function feedOf(
  machine: RunningSystem,
  entries: readonly MergedEntry[],
  sources: readonly ContentSource[],
): Feed {
  const streams = new ContentStreams(
    entries,
    sources.map(({ contents }) => contents),
  );
  const write = (name: string, content: string): void => {
    if (!machine.write(`${WORK}/${name}`, content)) throw new Error(`cannot write ${WORK}/${name}`);
  };
  const link = (source: number): string => {
    const name = `${WORK}/source.${source}`;
    const why = machine.link((sources[source] as ContentSource).place, name);
    if (why !== undefined) throw new Error(`cannot make a link in ${WORK}: ${why}`);
    return name;
  };
  const command = (name: string, step: Step, i: number): string => {
    const source = link(step.source);
    if (!('files' in step)) {
      const range = `iflag=skip_bytes,count_bytes skip=${step.at} count=${step.size}`;
      return `dd if=${source} bs=1M ${range} status=none | zstd -dcq || exit 1\n`;
    }
    const list = `${WORK}/${name}.${i}`;
    const [first = '', ...others] = step.files;
    const whole = step.skip === 0 ? step.files : others;
    write(`${name}.${i}`, nullEnded(whole));
    const cat = whole.length === 0 ? '' : `xargs -0 cat -- <${list} || exit 1\n`;
    if (step.skip === 0) return `cd ${source}/ && ${cat}`;
    write(`${name}.${i}.first`, nullEnded([first]));
    return `cd ${source}/ && xargs -0 sh -c '${TAIL}' ${step.skip} <${list}.first || exit 1\n${cat}`;
  };
  return {
    of<T extends PlannedRecord>(
      name: string,
      records: readonly T[],
      rangeOf?: (record: T) => readonly [from: number, to: number],
    ) {
      const { records: streamed, steps } = streams.stream(records, rangeOf);
      const script = `feed.${name}`;
      write(script, steps.map((step, i) => command(script, step, i)).join(''));
      return { argv: ['sh', script], records: streamed };
    },
  };
}
