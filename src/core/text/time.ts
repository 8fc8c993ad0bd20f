/** Moments for people, and spans of time. */

/** A moment (ISO 8601) to the minute: `2026-01-31 12:34 UTC`. */
export function formatMoment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Seconds to the hundredth: the kernel's own clock of uptime knows no more. */
export function toHundredths(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
