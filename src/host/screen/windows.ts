/** Windows on a machine's screen, as its compositor lists them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Window, WindowChoice } from '../definition/functions.js';
import { COMPILED } from '../installed.js';

/** Prints the windows of every compositor in the machine, by a client that comes with the test: nothing of it stays there. */
export function windowsScript(): string {
  const client = readFileSync(join(COMPILED, 'src/host/screen/windows.pl'), 'utf8');
  return `for socket in /run/user/*/wayland-[0-9] /run/user/*/wayland-[0-9][0-9]; do
[ -S "$socket" ] || continue
perl - "$socket" <<'EOF_OF_CLIENT'
${client}EOF_OF_CLIENT
done`;
}

/** What the script has printed. */
export function parseWindows(text: string): Window[] {
  return text.split('\n').flatMap((line) => {
    const [app, title] = line.split('\t');
    return app === undefined || title === undefined ? [] : [{ app, title }];
  });
}

/** Whether a window is the one that is meant. */
export function fits({ title, app }: Window, choice: WindowChoice): boolean {
  return (
    (choice.title === undefined || matches(title, choice.title)) &&
    (choice.app === undefined || (typeof choice.app === 'string' ? app === choice.app : choice.app.test(app)))
  );
}

/** Whether a text holds another one, or fits an expression. */
export function matches(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
}

/** Which window is meant, in words. */
export function wordsOf({ title, app }: WindowChoice): string {
  return [
    ...(app === undefined ? [] : [`the app ${app}`]),
    ...(title === undefined ? [] : [`the title ${title}`]),
  ].join(' and ');
}
