/** Screenshots that tests leave on this host. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Picture } from '../screen/picture.js';
import { giveTo, type Owner, writeFileWhole } from '../sys/files.js';

export class Album {
  #count = 0;
  #test = '';

  /** `all`: keep every picture, not only those of failures. */
  constructor(
    private readonly folder: string,
    private readonly all: boolean,
    private readonly owner: Owner | undefined,
  ) {}

  /** Later pictures belong to this test. */
  begin(test: string): void {
    this.#test = test
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60);
    this.#count = 0;
  }

  /** A picture that a test took. */
  take(picture: Picture): void {
    if (this.all) this.keep(picture);
  }

  /** Keeps a picture in any case; returns its file. */
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
