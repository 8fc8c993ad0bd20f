/** A QEMU with an agent in it that is a function. */
import { PassThrough } from 'node:stream';
import { ok, type Result } from '../../../../src/core/result.js';
import type { Finished, Running } from '../../../../src/host/sys/run.js';

/** What a command comes to: an exit code and what is printed; `never`: it runs until it is killed. */
export type Answer = (
  command: string,
) => readonly [code: number, out: string, err: string] | 'never' | 'dead';

export class FakeQemu implements Running {
  readonly pid = undefined;
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly ended: Promise<Result<Finished>>;
  /** Every line that came. */
  readonly requests: string[] = [];
  end: (code: number) => void = () => undefined;

  constructor(private readonly answer: Answer) {
    this.ended = new Promise((resolve) => {
      this.end = (exitCode) => resolve(ok({ stdout: '', stderr: '', exitCode }));
    });
    this.stdin.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) this.#take(line);
    });
    this.stdout.write('some words\nmkma-test: ready\n');
  }

  readonly kill = (): void => this.end(137);

  #take(line: string): void {
    this.requests.push(line);
    const [id = '', verb, word = ''] = line.split(' ');
    if (verb === 'reboot' || verb === 'poweroff') this.end(0);
    if (verb === 'kill') this.#say(id, 137, '', 'so far');
    if (verb !== 'run') return;
    const answer = this.answer(word.replaceAll('\\0040', ' '));
    if (answer === 'dead') this.end(0);
    else if (answer !== 'never') this.#say(id, ...answer);
  }

  #say(id: string, code: number, out: string, err: string): void {
    const word = (text: string) => (text === '' ? '-' : Buffer.from(text).toString('base64'));
    // In two pieces, as a port may bring them.
    const line = `\nmkma-test: ${id} ${code} ${word(out)} ${word(err)}\n`;
    this.stdout.write(line.slice(0, 9));
    this.stdout.write(line.slice(9));
  }
}
