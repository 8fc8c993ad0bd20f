/** The output of a program. `qjs/` implements it on QuickJS, the tests on a fake. */
export interface Terminal {
  /** Text on standard output. */
  out(text: string): void;
  /** Text on standard error. */
  err(text: string): void;
  /** Width of the terminal on standard output; absent if it is not one. */
  readonly columns?: number;
}
