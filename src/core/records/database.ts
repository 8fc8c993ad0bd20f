/** A file in which several owners have their records. */

/** Records by key. */
export type Entries = ReadonlyMap<string, string>;

/** A field of a record that is a set of names of its own, such as the members of a group. */
export interface ListField {
  /** The names in a record. */
  namesIn(record: string): readonly string[];
  /** The record with these names instead. */
  withNames(record: string, names: readonly string[]): string;
}

/** Fields of a record that several owners may change. */
export interface Fields {
  split(record: string): Map<string, string>;
  join(fields: Entries): string;
  /** Whether the one is another version of the other: then they have no field in common. */
  isOther(before: Entries, after: Entries): boolean;
}

/** The format of a file. */
export interface Database {
  /** `undefined` if it is not of this format. */
  parse(text: string): Map<string, string> | undefined;
  /** Some records of a file that is of this format; absent if it is as quick to parse it all. */
  pick?(text: string, keys: readonly string[]): Map<string, string>;
  render(entries: Entries): string;
  readonly list?: ListField;
  /** With what records that are left need of those that are gone; `below`: the content before. */
  completed?(made: Map<string, string>, below: Entries): Map<string, string>;
  readonly fields?: Fields;
}
