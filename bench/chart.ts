/** The measurements as a chart (SVG 1.1): a panel a question, a bar a way of doing it. Pure. */
import { formatBytes } from '../src/core/text/size.js';
import { CONTESTANT_WORDS, CONTESTANTS } from './boot/booting.js';
import type { Booted } from './boot/once.js';
import { median } from './pairs.js';
import type { Measurements } from './report.js';

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly ours: boolean;
}

interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly show: (value: number) => string;
}

const WIDTH = 820;
/** Where bars begin, and how long the longest is. */
const LEFT = 330;
const LONGEST = 390;
const ROW = 22;
const GAP = 44;
const OURS = '#2b6cb0';
const OTHERS = '#a0aec0';

/** The chart as a file's text. */
export function chart(found: Measurements): string {
  let y = 20;
  const parts: string[] = [];
  for (const { title, bars, show } of panelsOf(found)) {
    y += GAP / 2;
    parts.push(text(16, y, title, 'font-weight="bold"'));
    const most = Math.max(...bars.map(({ value }) => value));
    for (const { name, value, ours } of bars) {
      y += ROW;
      const length = Math.max(1, (value / most) * LONGEST);
      parts.push(text(LEFT - 8, y, name, 'text-anchor="end"'));
      parts.push(
        `<rect x="${LEFT}" y="${y - 13}" width="${length.toFixed(1)}" height="16" fill="${ours ? OURS : OTHERS}"/>`,
      );
      parts.push(text(LEFT + length + 6, y, show(value)));
    }
    y += GAP / 2;
  }
  const { machine, at, booting } = found;
  const words = [
    `${at.slice(0, 10)}: ${machine.processors} processors (${machine.processor}), Linux ${machine.kernel}`,
    `QEMU: ${booting?.accel ?? 'not used'}; a console machine of Debian, ${formatBytes(found.growth.small.bytes)} of files; medians`,
  ];
  for (const line of words) {
    y += ROW;
    parts.push(text(16, y, line, 'fill="#4a5568"'));
  }
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 20}" font-family="sans-serif" font-size="13">`;
  return `${[head, `<rect width="${WIDTH}" height="${y + 20}" fill="#ffffff"/>`, ...parts, '</svg>'].join('\n')}\n`;
}

function panelsOf({ loading, packing, booting }: Measurements): Panel[] {
  const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`;
  const bar = (name: string, values: readonly number[], ours = false): Bar => ({
    ...{ name, ours },
    value: median(values),
  });
  const boots = (title: string, pick: (boot: Booted) => number, show: Panel['show']): Panel[] =>
    booting === undefined
      ? []
      : [
          {
            ...{ title, show },
            bars: CONTESTANTS.map((name) =>
              bar(
                CONTESTANT_WORDS[name],
                booting.boots[name].map(pick),
                CONTESTANT_WORDS[name].startsWith('mkma'),
              ),
            ),
          },
        ];
  return [
    ...boots('Start of QEMU to the login', ({ login }) => login, seconds),
    ...boots("/init to systemd's start", ({ handover }) => handover, seconds),
    ...boots('RAM in use at the login', ({ memory }) => memory, formatBytes),
    {
      title: 'Loading into RAM, natively',
      show: seconds,
      bars: [
        bar('zstd -dc | busybox cpio -id', loading.time.theirs.seconds),
        bar('mkma, base.cpio.zst', loading.time.ours.seconds, true),
        bar('mkma, base.erofs', loading.held.ours.seconds, true),
      ],
    },
    {
      title: 'Packing at zstd -3',
      show: seconds,
      bars: [
        bar('find | cpio | zstd -T0', packing.time.theirs.seconds),
        ...packing.others.map(({ name, seconds: values }) => bar(name, values)),
        bar('mkma, base.cpio.zst', packing.time.ours.seconds, true),
      ],
    },
  ];
}

function text(x: number, y: number, words: string, more = ''): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y}" ${more}>${escaped}</text>`;
}
