/** What is to be done to paths. All relative to the root. */
export interface Plan {
  /** With all that is in them. */
  readonly remove: readonly string[];
  /** Paths that become as they are below; of folders the metadata alone. */
  readonly restore: readonly string[];
  /** The same with all that they contain. */
  readonly whole: readonly string[];
  /** What is another kind of file now, and removed before. */
  readonly replace: readonly string[];
}
