/** One thing broken on purpose, and the tests that are to notice it. */
export interface Mutation {
  readonly id: string;
  /** What no longer holds. */
  readonly breaks: string;
  /** The source that is changed, from the repository's root. */
  readonly file: string;
  /** What is there, exactly once. */
  readonly from: string;
  readonly to: string;
  /** Files of the short suite, from test/ and without their ending, of which one has to fail. */
  readonly tests: readonly string[];
}
