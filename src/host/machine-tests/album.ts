/** Pictures that tests leave on this host. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Picture } from '../screen/picture.js';
import { giveTo, type Owner, writeFileWhole } from '../sys/files.js';

export class Album {
  #count = 0;
  #test = '';

  /** `all`: whether every picture is kept, not only that of a failure. */
  constructor(
    private readonly folder: string,
    private readonly all: boolean,
    private readonly owner: Owner | undefined,
  ) {}

  /** Pictures from now on are of this test. */
  begin(test: string): void {
    this.#test = test
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60);
    this.#count = 0;
  }

  /** A picture that a test has taken. */
  take(picture: Picture): void {
    if (this.all) this.keep(picture);
  }

  /** Keep a picture whatever is asked for; returns its file. */
  keep(picture: Picture): string {
    if (this.#count === 0) {
      mkdirSync(this.folder, { recursive: true });
      giveTo(this.folder, this.owner);
    }
    const file = join(this.folder, `${this.#test}-${++this.#count}.png`);
    writeFileWhole(file, picture.png(), this.owner);
    return file;
  }
}
