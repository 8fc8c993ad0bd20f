/** The desktop's session as it is shipped, but for its paths, with programs around it that only note how they are called. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute, repository, temporary } from './cli.js';

interface Machine {
  readonly compositor: string;
  /** What /etc/mkma-desktop.conf says. */
  readonly settings: string;
  /** How the compositor's unit ended. */
  readonly result?: string;
  readonly withNiri?: boolean;
}

/** Run a session, to its end; gives what the console shows, and which programs were called. */
async function session({ compositor, settings, result = 'success', withNiri = true }: Machine) {
  using folder = temporary();
  const path = (name: string): string => join(folder.path, name);
  for (const name of ['bin', 'dri', 'home']) mkdirSync(path(name));
  writeFileSync(path('dri/card0'), '');
  writeFileSync(path('settings'), `COMPOSITOR='${compositor}'\nDESKTOP_NAMES='${compositor}'\n${settings}\n`);
  // Of a login shell, which sets PATH anew.
  writeFileSync(path('home/.profile'), `PATH=${path('bin')}:$PATH\n`);
  const shipped = readFileSync(join(repository, 'presets/desktop/session'), 'utf8');
  const text = shipped
    .replace('here=/usr/lib/mkma-desktop\n', `here=${folder.path}\n`)
    .replaceAll('/dev/dri/card', path('dri/card'));
  assert.ok(text.includes(`here=${folder.path}\n`) && text.includes(path('dri/card')));
  writeFileSync(path('session'), text);
  const note = (name: string, more = '') =>
    writeFileSync(path(`bin/${name}`), `#!/bin/sh\necho "${name} $*" >>${path('called')}\n${more}`, {
      mode: 0o755,
    });
  note('systemctl', `case "$*" in *--property=Result*) echo ${result};; esac\n`);
  note('journalctl');
  note('xdg-user-dirs-update');
  note('sleep');
  if (withNiri) note('niri-session', `env >${path('environment')}\n`);
  const ended = await execute('sh', [path('session')], {
    env: { HOME: path('home'), PATH: '/usr/bin:/bin' },
  });
  const read = (name: string): string => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : '');
  return { ...ended, called: read('called'), environment: read('environment') };
}

test('niri runs by its own session; what its unit came to is what the session comes to', async () => {
  const { code, called, environment, stderr } = await session({ compositor: 'niri', settings: 'GPU=yes' });
  assert.equal(code, 0, stderr);
  assert.match(called, /^niri-session $/m);
  assert.ok(!called.includes('desktop-session.service'), called);
  for (const line of ['XDG_CURRENT_DESKTOP=niri', 'XDG_SESSION_TYPE=wayland', 'XCURSOR_THEME=Adwaita'])
    assert.ok(environment.split('\n').includes(line), environment);
  assert.ok(!environment.includes('WLR_RENDERER'), environment);
  assert.match(called, /^systemctl --user stop graphical-session\.target/m);

  const failed = await session({ compositor: 'niri', settings: 'GPU=yes', result: 'exit-code' });
  assert.equal(failed.code, 1);
  assert.match(failed.stdout, /The compositor \(niri\) failed/);
  assert.match(failed.called, /^journalctl .*--unit=niri\.service$/m);
});

test('without a graphics processor niri is not started, and the console says so; others paint by the processor', async () => {
  const { code, stdout, called } = await session({ compositor: 'niri', settings: 'GPU=no' });
  assert.equal(code, 1);
  assert.match(stdout, /niri requires a graphics processor[\s\S]*compositor: 'sway'[\s\S]*GPU=yes/);
  assert.ok(!called.includes('niri-session'), called);

  const sway = await session({ compositor: 'sway', settings: 'GPU=no' });
  assert.equal(sway.code, 0, sway.stderr);
  assert.match(sway.called, /^systemctl --user start --wait desktop-session\.service$/m);
  assert.match(sway.called, /import-environment .*\bWLR_RENDERER\b/);
});

test('niri that was not brought along is named', async () => {
  const { code, stdout } = await session({ compositor: 'niri', settings: 'GPU=yes', withNiri: false });
  assert.equal(code, 1);
  assert.match(stdout, /niri-session is not installed/);
});
