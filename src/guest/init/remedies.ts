/** What to do if an exit code shows that the image is not the cause. */
import { PARAM } from '../../core/contract.js';
import type { Problem } from '../../core/result.js';
import type { Finished } from '../system.js';
import type { ImageFile } from './images.js';

const REMEDIES: Readonly<Record<number, string>> = {
  137: `it was killed, probably because RAM ran out: give the machine more, or lower ${PARAM.size}`,
  127: 'the initramfs lacks a program: build it again',
  126: 'a program of the initramfs does not run: build it again',
};

/** By exit code; `undefined` if it shows nothing of the kind. */
export function remedyOf(code: number): string | undefined {
  return REMEDIES[code];
}

/** The problem of a program that failed for a reason other than the image. */
export function programFailed(
  what: string,
  image: ImageFile,
  program: string,
  done: Pick<Finished, 'code' | 'stderr'>,
): Problem {
  const { code, stderr } = done;
  const words = stderr.trim();
  return {
    code: 'program-failed',
    what,
    where: image.shown,
    why: `${program} exited with code ${code}${words === '' ? '' : `: ${words}`}`,
    next: remedyOf(code) ?? 'exit to retry; if it fails again, please report it',
  };
}
