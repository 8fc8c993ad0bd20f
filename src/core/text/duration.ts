/** Lengths of time as users write them, and as people read them. */

const SECONDS: Record<string, number> = { s: 1, min: 60, h: 3600, d: 86_400 };

/** Parses `90s`, `30min`, `1h` or `2d` to seconds; `undefined` if it is none, or 0. */
export function parseDuration(text: string): number | undefined {
  const [, amount = '', unit = ''] = /^(\d{1,6})(s|min|h|d)$/.exec(text) ?? [];
  const seconds = Number(amount) * (SECONDS[unit] ?? 0);
  return seconds > 0 ? seconds : undefined;
}

/** The largest unit of which there are two or more, rounded down: `90 s`, `30 min`, `26 h`, `12 days`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 2 * 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 2 * 86_400) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86_400)} days`;
}
