/** A preset with options in `extends`. The types for editors have one alternative for each preset instead. */

/** A preset with options. */
export interface PresetChoice {
  /** Its name. */
  readonly preset: string;
  /** Its options. If several entries set some, they are merged as fields are: the last one overrides. */
  readonly with?: Readonly<Record<string, unknown>>;
}
