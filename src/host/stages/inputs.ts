/** Inputs of stages. */

/** Everything a stage depends on, by name. Contents and secrets count by their digests. */
export type Inputs = Readonly<Record<string, string>>;
