/** Firmware in the kernel's log. Pure. */

/** Messages of drivers/base/firmware_loader/main.c, and what Debian 12's kernel adds. */
const LINES = [
  /Direct firmware load for (\S+) failed/g,
  /firmware: (?:failed to load|direct-loading firmware) (\S+)/g,
];

/** Names that drivers requested since boot, each once, in byte order. */
export function firmwareInLog(text: string): string[] {
  const names = LINES.flatMap((line) => [...text.matchAll(line)].map(([, name]) => name as string));
  return [...new Set(names)].sort();
}
