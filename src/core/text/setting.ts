/** What the value of a setting may be: how it is read, and what it is in words. */
export interface SettingType<T> {
  /** `undefined` if it is none. */
  readonly parse: (text: string) => T | undefined;
  /** Completes "it is", as in "an amount, such as 200M". */
  readonly words: string;
}
