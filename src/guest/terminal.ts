/** Where a program's answer goes. `qjs/` implements it on QuickJS, the tests on a fake. */
export interface Terminal {
  /** Text on standard output. */
  out(text: string): void;
  /** Text on standard error. */
  err(text: string): void;
  /** Width of the terminal that standard output is; absent where it is none. */
  readonly columns?: number;
}
