/** What to do where an exit code tells that it is not the image's fault. */
import { PARAM } from '../../core/contract.js';

const REMEDIES: Readonly<Record<number, string>> = {
  137: `it was killed, most likely since the RAM was used up: give the machine more, or lower ${PARAM.size}`,
  127: 'the initramfs lacks a program: build it again',
  126: 'the initramfs has a program that does not run: build it again',
};

/** By the code with which a program ended; `undefined` where it tells nothing of the kind. */
export function remedyOf(code: number): string | undefined {
  return REMEDIES[code];
}
