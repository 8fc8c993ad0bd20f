/** Moments and durations for people. */

/** A moment (ISO 8601) to the minute: `2026-01-31 12:34 UTC`. */
export function formatMoment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Seconds to the hundredth, the resolution of the kernel's uptime. */
export function toHundredths(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
