/** Windows on a machine's screen, as its compositor lists them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Window, WindowChoice } from '../definition/functions.js';
import { COMPILED } from '../installed.js';

/**
 * Prints the windows of every compositor in the machine, with a client that comes with the test and leaves
 * nothing behind.
 */
export function windowsScript(): string {
  const client = readFileSync(join(COMPILED, 'src/host/screen/windows.pl'), 'utf8');
  return `for socket in /run/user/*/wayland-[0-9] /run/user/*/wayland-[0-9][0-9]; do
[ -S "$socket" ] || continue
perl - "$socket" <<'EOF_OF_CLIENT'
${client}EOF_OF_CLIENT
done`;
}

/** Parses the script's output. */
export function parseWindows(text: string): Window[] {
  return text.split('\n').flatMap((line) => {
    const [app, title] = line.split('\t');
    return app === undefined || title === undefined ? [] : [{ app, title }];
  });
}

/** Whether a window matches. */
export function fits({ title, app }: Window, choice: WindowChoice): boolean {
  return (
    (choice.title === undefined || matches(title, choice.title)) &&
    (choice.app === undefined || (typeof choice.app === 'string' ? app === choice.app : choice.app.test(app)))
  );
}

/** Whether a text contains another one, or matches an expression. */
export function matches(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
}

/** Describes which window is meant. */
export function wordsOf({ title, app }: WindowChoice): string {
  return [
    ...(app === undefined ? [] : [`the app ${app}`]),
    ...(title === undefined ? [] : [`the title ${title}`]),
  ].join(' and ');
}
