/** What goes wrong where a machine has no room left: no fault of anybody's. */
import { Told } from './told.js';

/** Thrown where that is known, not where a program failed and gave no reason. */
export class NoRoom extends Told {
  /** `where`: the file system, as df(1) takes it. */
  constructor(where: string) {
    super({
      code: 'no-room',
      what: `no space left in ${where}`,
      why: 'mkma needs some for lists and for the output of programs',
      next: `free some space there: df ${where} shows how full it is; nothing was changed`,
    });
  }
}
