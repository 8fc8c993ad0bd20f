/** The lines that a terminal shows of what is running. Pure. */
import { type EndedStep, type RunningStage, type RunningStep, shownSteps } from './running.js';
import { clip, formatProgress, formatSeconds, plainText, wrap } from './text.js';

/** Columns of a stage's name and of its time. */
const NAME = 10;
const TIME = 8;
/** Columns up to the details of a stage: its mark, name and time. */
const HEAD = 2 + NAME + 1 + TIME + 2;
/** A terminal narrower than this has no bars. */
const NARROW = 60;

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds. */
  readonly now: number;
  /** What is at the beginning of a line that is running. */
  readonly mark: string;
}

/** Lines as they are now, at most as wide and as many as the screen has room for. */
export function liveLines(stages: readonly RunningStage[], screen: Screen): string[] {
  const all = stages.flatMap((stage) => stageLines(stage, screen));
  // The line that the cursor is on comes in addition. Steps that have ended go first.
  let room = Math.max(1, screen.rows - 1);
  const running = all.filter(({ ended }) => !ended).length;
  room -= Math.min(room, running);
  const endedFrom = all.filter(({ ended }) => ended).length - room;
  let seen = 0;
  const kept = all.filter(({ ended }) => !ended || seen++ >= endedFrom);
  return kept.slice(0, Math.max(1, screen.rows - 1)).map(({ text }) => text);
}

interface Line {
  readonly text: string;
  readonly ended: boolean;
}

function stageLines(running: RunningStage, screen: Screen): Line[] {
  const { stage, since, why, detail, progress, ended } = running;
  const { columns, mark, now } = screen;
  const steps = [...running.steps.values()];
  const tail =
    progress !== undefined
      ? formatProgress(progress, bar(columns))
      : steps.length > 0
        ? ''
        : plainText(detail === '' ? why : detail);
  const head = `${mark} ${stage.padEnd(NAME)} ${formatSeconds((now - since) / 1000).padStart(TIME)}`;
  // Parts of a step that is running are shown with it, those of ended ones are not.
  const before = ended.filter(({ path, seconds }) => path.length === 1 && seconds >= 0.5);
  return [
    { text: clip(`${head}  ${tail}`.trimEnd(), columns - 1), ended: false },
    ...before.map((step) => ({ text: endedText(step, '    ', columns - 1), ended: true })),
    ...steps.map((step) => ({ text: runningText(step, detail, steps, screen), ended: false })),
  ];
}

function runningText(
  { path, since, progress }: RunningStep,
  detail: string,
  running: readonly RunningStep[],
  { columns, now, mark }: Screen,
): string {
  const name = clip(plainText(path.at(-1) ?? ''), Math.max(8, columns - 20));
  const isLast = running.at(-1)?.path === path;
  const tail =
    progress !== undefined ? formatProgress(progress, bar(columns)) : isLast ? plainText(detail) : '';
  const time = formatSeconds((now - since) / 1000);
  return clip(`${'  '.repeat(path.length)}${mark} ${name} ${time}  ${tail}`.trimEnd(), columns - 1);
}

function bar(columns: number): number {
  return columns < NARROW ? 0 : Math.min(24, columns - NARROW + 4);
}

/** A stage that has ended as lines that stay: itself, and its steps that took a while. */
export function endedLines(
  head: {
    readonly mark: string;
    readonly stage: string;
    readonly seconds?: number | undefined;
    readonly detail: string;
  },
  ended: readonly EndedStep[],
  all: boolean,
  columns: number,
): string[] {
  const { mark, stage, seconds, detail } = head;
  const time = seconds === undefined ? '' : formatSeconds(seconds);
  const line = `${mark} ${stage.padEnd(NAME)} ${time.padStart(TIME)}  ${detail}`.trimEnd();
  const indent = Math.min(HEAD, Math.floor(columns / 4));
  return [
    ...wrap(line, columns, indent),
    ...shownSteps(ended, all).map((step) =>
      endedText(step, `    ${'  '.repeat(step.path.length - 1)}`, columns),
    ),
  ];
}

function endedText({ path, seconds, failed, detail }: EndedStep, indent: string, columns: number): string {
  const time = ` ${formatSeconds(seconds)}${failed ? ' failed' : ''}`;
  const name = clip(plainText(path.at(-1) ?? ''), Math.max(8, columns - indent.length - time.length));
  return clip(`${indent}${name}${time}${detail === undefined ? '' : `  ${detail}`}`, columns);
}
