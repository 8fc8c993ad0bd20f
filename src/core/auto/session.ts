/**
 * What a machine that saves by itself leaves beside its layers, so that the next boot can say what was lost:
 * a small file, written with each save, that says whether the session ended with one.
 */
import { formatMoment } from '../text/time.js';

/** Its name in the images folder. */
export const SESSION_FILE = 'mkma-session.json';

export interface SessionMark {
  readonly format: 1;
  /** The kernel's boot ID (/proc/sys/kernel/random/boot_id). */
  readonly boot: string;
  /** When the session began, and when its changes were last saved: ISO 8601 in UTC. */
  readonly began: string;
  readonly saved?: string;
  /** `open`: the machine runs, or ended without a shutdown; `saved` and `failed`: what shutdown came to. */
  readonly ended: 'open' | 'saved' | 'failed';
  /** Why it failed. */
  readonly why?: string;
}

/** `undefined` if the text is none that this version reads. */
export function parseSessionMark(text: string): SessionMark | undefined {
  let mark: Partial<SessionMark> | null;
  try {
    mark = JSON.parse(text) as Partial<SessionMark> | null;
  } catch {
    return undefined;
  }
  if (mark?.format !== 1 || typeof mark.boot !== 'string' || typeof mark.began !== 'string') return undefined;
  const { saved, ended, why } = mark;
  if (ended !== 'open' && ended !== 'saved' && ended !== 'failed') return undefined;
  if (!isTextOrAbsent(saved) || !isTextOrAbsent(why)) return undefined;
  return mark as SessionMark;
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

/** What was lost of the last session, in words; `undefined` if nothing was. */
export function lossText({ began, saved, ended, why }: SessionMark): string | undefined {
  if (ended === 'saved') return undefined;
  const cause =
    ended === 'open'
      ? 'it ended without a shutdown, or the save at shutdown could not write'
      : (why ?? 'unknown');
  const lost =
    saved === undefined ? 'nothing of it was saved' : `changes after ${formatMoment(saved)} were not saved`;
  return `the last session, from ${formatMoment(began)}: ${lost}: ${cause}`;
}
