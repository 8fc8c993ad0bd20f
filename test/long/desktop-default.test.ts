/** The preset desktop without a further word: nothing asks for a password, and whatever takes too much does not end the session. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryDefinition } from '../vm/example.js';

const DEFINITION = String.raw`import { defineMachine } from 'mkma';

const PATIENT = { timeout: 600 };
const USER = { user: 'user', ...PATIENT };
const SESSION = 'systemctl --user is-active --quiet graphical-session.target desktop-session';

async function terminal(guest) {
  await guest.ok('while pkill -x foot; do sleep 1; done', PATIENT);
  await guest.keys('super+Return');
  await guest.waitForWindow({ app: 'foot' }, PATIENT);
  await guest.type('PS1=; clear; touch /tmp/prompt\n');
  await guest.ok('until test -e /tmp/prompt; do sleep 1; done; rm /tmp/prompt', PATIENT);
}

export default defineMachine({
  extends: ['desktop'],
  tests: [
    {
      name: 'the session is there',
      timeout: 900,
      async run(guest) {
        await guest.ok('until ' + SESSION + ' && systemctl --user is-active --quiet waybar mako; do sleep 1; done', USER);
        await guest.waitForPixels((screen) => screen.colours() > 20, PATIENT);
      },
    },
    {
      name: 'nothing asks for a password, and nothing locks',
      timeout: 900,
      async run(guest) {
        await guest.ok('sudo -n true', USER);
        await terminal(guest);
        await guest.type('pkexec id -u > /tmp/id\n');
        await guest.ok('until test "$(cat /tmp/id)" = 0; do sleep 1; done', PATIENT);
        await guest.keys('super+l');
        await guest.ok('sleep 10; ! systemctl --user is-active --quiet desktop-lock', USER);
        await guest.type('exit\n');
      },
    },
    {
      name: 'a browser opens, and pages are its own',
      timeout: 1200,
      async run(guest) {
        await guest.keys('super+w');
        await guest.waitForWindow({ app: 'firefox-esr' }, PATIENT);
        await guest.ok('test "$(xdg-mime query default text/html)" = firefox-esr.desktop', USER);
        await guest.ok('pkill -x firefox-esr; while pgrep -x firefox-esr; do sleep 1; done', USER);
      },
    },
    {
      name: 'what takes all the memory is ended alone, after a warning on the screen',
      timeout: 1200,
      async run(guest) {
        await terminal(guest);
        await guest.type("perl -e 'while (1) { push @a, \"x\" x 1e6; select undef, undef, undef, .01 }'\n");
        await guest.ok('until pgrep -x perl; do sleep 1; done; while pgrep -x perl; do sleep 1; done', PATIENT);
        await guest.ok('makoctl list | grep -q "Memory is running out"; ' + SESSION, USER);
      },
    },
    {
      name: 'a full root is refused to programs, after a warning on the screen, and the session lives',
      timeout: 1200,
      async run(guest) {
        const room = Number(await guest.ok('df --output=avail --block-size=1M / | tail -n 1'));
        await guest.ok('makoctl dismiss --all; head -c ' + Math.floor(room * 0.95) + 'M /dev/zero > ~/big', USER);
        await guest.ok('until makoctl list | grep -q "nearly full"; do sleep 1; done', USER);
        await guest.ok('! cat /dev/zero > ~/more', USER);
        await terminal(guest);
        await guest.type('echo alive > $XDG_RUNTIME_DIR/alive\n');
        await guest.ok('until grep -q alive $XDG_RUNTIME_DIR/alive; do sleep 1; done; rm ~/big ~/more; ' + SESSION, USER);
      },
    },
  ],
});
`;

test('preset desktop as it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-desktop-'));
  try {
    const config = join(folder, 'mkma.config.ts');
    writeFileSync(config, DEFINITION);
    await tryDefinition(config, 'desktop', [
      'the session is there',
      'nothing asks for a password, and nothing locks',
      'a browser opens, and pages are its own',
      'what takes all the memory is ended alone, after a warning on the screen',
      'a full root is refused to programs, after a warning on the screen, and the session lives',
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
