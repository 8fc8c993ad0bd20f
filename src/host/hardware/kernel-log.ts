/** Firmware in the kernel's log. Pure. */

/** What drivers/base/firmware_loader/main.c prints, and what Debian 12's kernel adds to it. */
const LINES = [
  /Direct firmware load for (\S+) failed/g,
  /firmware: (?:failed to load|direct-loading firmware) (\S+)/g,
];

/** Names that drivers have asked for since boot, each once, in byte order. */
export function firmwareInLog(text: string): string[] {
  const names = LINES.flatMap((line) => [...text.matchAll(line)].map(([, name]) => name as string));
  return [...new Set(names)].sort();
}
