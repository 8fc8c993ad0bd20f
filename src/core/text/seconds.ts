/** Lengths of time as people write them. */

/** `3`, `3s`, `0.5s` or `500ms` in seconds; `undefined` for anything else. */
export function parseSeconds(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(s|ms)?$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  return unit === 'ms' ? Number(number) / 1000 : Number(number);
}
