/** What was lost of the session before this boot, if the machine saves by itself. */
import { lossText, parseSessionMark, SESSION_FILE, type SessionMark } from '../../core/auto/session.js';
import { placeInside } from '../resolve.js';
import type { GuestSystem } from '../system.js';
import { say } from './say.js';

/** Reads the mark in the folder with layers, and prints what was lost; `undefined` if nothing was. */
export function readLastSession(
  machine: GuestSystem,
  root: string,
  imagesPath: string,
): SessionMark | undefined {
  const folder = placeInside(machine, root, imagesPath);
  const mark = parseSessionMark(machine.readText(`${folder}/${SESSION_FILE}`) ?? '');
  const lost = mark === undefined ? undefined : lossText(mark);
  if (lost === undefined) return undefined;
  say(machine, `warning: ${lost}`);
  return mark;
}
