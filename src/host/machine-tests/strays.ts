/** A failure in a test that nobody awaits is the test's failure, and no reason for mkma to crash. */

type Take = (cause: unknown) => void;

export class Strays implements Disposable {
  #take: Take = () => undefined;

  constructor() {
    process.on('unhandledRejection', this.#onStray);
    process.on('uncaughtException', this.#onStray);
  }

  /** The first one from now on. */
  next(): Promise<unknown> {
    return new Promise((resolve) => {
      this.#take = resolve;
    });
  }

  readonly #onStray: Take = (cause) => this.#take(cause);

  [Symbol.dispose](): void {
    process.off('unhandledRejection', this.#onStray);
    process.off('uncaughtException', this.#onStray);
  }
}
