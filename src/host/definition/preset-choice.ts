/** A preset as a definition names it. The types for editors have one alternative for each instead, with its options. */

/** A preset, and what is chosen of it. */
export interface PresetChoice {
  /** Its name. */
  readonly preset: string;
  /** Its options. Where several say some, they are merged as fields are: the last wins. */
  readonly with?: Readonly<Record<string, unknown>>;
}
