/** Presets with options: who says them, what they come to, and what is wrong with them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { MachineConfig } from '../../../../src/host/definition/machine.js';
import { type ResolvedMachine, resolveMachine } from '../../../../src/host/definition/resolve.js';
import { summarise } from '../../../../src/host/verbs/summary.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-options-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, fields: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(fields, null, 2));
  return file;
}

async function resolved(fields: unknown): Promise<ResolvedMachine> {
  const found = await resolveMachine({ config: write('mkma.config.json', fields) });
  assert.ok(found.ok, JSON.stringify(found));
  return found.value;
}

const desktop = (options: unknown = {}, rest = {}) => ({
  extends: [{ preset: 'desktop', with: options }],
  ...rest,
});
async function refused(fields: unknown, code: string): Promise<void> {
  const found = await resolveMachine({ config: write('mkma.config.json', fields) });
  assert.equal(found.ok ? undefined : found.problem.code, code);
}
const machineOf = async (fields: unknown): Promise<MachineConfig> => (await resolved(fields)).machine;

test('a preset by its name, without options, and by the command line is the same', async () => {
  const named = await machineOf({ extends: ['desktop'] });
  assert.deepEqual(await machineOf(desktop()), named);
  const typed = await resolveMachine({ preset: 'desktop' });
  assert.ok(typed.ok);
  assert.deepEqual(typed.value.machine, named);
  assert.equal(named.format, 'erofs');
  assert.deepEqual(named.users.user?.sudo, 'nopasswd');
});

test('options come from wherever they are said: the last wins, also over a file that has put the preset there', async () => {
  write('base.json', desktop({ browser: 'chromium', terminal: 'alacritty', user: 'ada' }));
  const machine = await resolved({
    extends: ['./base.json', { preset: 'desktop', with: { browser: 'none' } }],
    packages: ['tmux'],
  });
  const { packages, users } = machine.machine;
  assert.ok(packages.includes('alacritty') && packages.includes('tmux'));
  assert.ok(!packages.includes('chromium') && !packages.includes('foot'));
  assert.ok('ada' in users && !('user' in users));
  const lines = summarise(machine, false).fields.filter(({ name }) => name.startsWith('desktop.'));
  const from = (name: string) => lines.find((one) => one.name === `desktop.${name}`);
  assert.deepEqual(from('browser')?.value, 'none');
  assert.match(
    from('browser')?.from ?? '',
    /mkma\.config\.json:\d+ \(extends\[1\]\.with\.browser\)$|mkma\.config\.json:\d+$/,
  );
  assert.match(from('user')?.from ?? '', /base\.json:\d+$/);
  assert.deepEqual(from('bar'), { name: 'desktop.bar', value: 'waybar', from: 'default' });
});

test('with a password, wherever it is said, everything asks', async () => {
  const hash = '$6$salt$hash';
  for (const fields of [
    desktop({ password: { hash } }),
    desktop({}, { users: { user: { password: { hash } } } }),
  ]) {
    const { users, files } = await machineOf(fields);
    assert.equal(users.user?.sudo, true);
    assert.ok(!Object.keys(files).some((path) => path.includes('polkit-1')));
  }
});

test('with a key alone nobody could give sudo a password: the definition has to say what holds', async () => {
  const keyed = (more: object) =>
    desktop({}, { users: { user: { authorizedKeys: ['ssh-ed25519 AAAA me@home'], ...more } } });
  await refused(keyed({}), 'desktop-without-admin');
  const { files } = await machineOf(keyed({ sudo: 'nopasswd' }));
  assert.ok(!Object.keys(files).some((path) => path.includes('polkit-1')));
  await machineOf(keyed({ sudo: false }));
});

test('programs of your own: in words of a shell, with no arguments of the known ones', async () => {
  const own = (command: string) => ({ packages: [], command });
  const { files, packages } = await machineOf(
    desktop({
      wallpaper: own("sh -c 'date +%H; exec ~/x $HOME'"),
      lock: own('gtklock'),
      idle: 'none',
      notifications: own('dunst'),
      launcher: { ...own('wofi --show drun'), menu: 'wofi --dmenu' },
    }),
  );
  const unit = (name: string) => String(files[`/usr/lib/systemd/user/desktop-${name}.service`]);
  assert.match(unit('wallpaper'), /^ExecStart=\/bin\/sh -c "sh -c 'date \+%%H; exec ~\/x \$\$HOME'"$/m);
  assert.match(unit('lock'), /^ExecStart=\/bin\/sh -c "gtklock"$/m);
  assert.doesNotMatch(unit('lock'), /^Type=notify$/m);
  assert.match(unit('sleep'), /^ExecStart=.*swayidle -w lock .*lock before-sleep .*lock$/m);
  assert.ok(packages.includes('libnotify-bin') && packages.includes('swayidle'));
  const settings = String(
    (files['/usr/lib/mkma-desktop/settings'] as { content?: string }).content ??
      files['/usr/lib/mkma-desktop/settings'],
  );
  assert.match(settings, /^MENU='wofi --dmenu'$/m);
});

test('a kiosk: its user becomes nobody else, and its pages are of one host', async () => {
  const page = 'http://localhost:8080/';
  const { users, files } = await machineOf(desktop({ compositor: 'cage', page }));
  assert.equal(users.user?.sudo, false);
  assert.match(String(files['/etc/firefox/policies/policies.json']), /"http:\/\/localhost\/\*"/);
  const { policies } = JSON.parse(String(files['/etc/firefox/policies/policies.json']));
  for (const name of ['Camera', 'Microphone', 'Location', 'Notifications', 'VirtualReality'])
    assert.deepEqual(policies.Permissions[name], { BlockNewRequests: true, Locked: true });
  assert.match(String(files['/etc/firefox-esr/mkma.js']), /sandbox_enabled", false/);
  assert.match(JSON.stringify(files['/usr/lib/firefox-esr/mkma.cfg']), /kiosk\.cfg/);
  const program = await machineOf(desktop({ compositor: 'cage', program: 'foot', browser: 'none' }));
  assert.ok(!('/etc/firefox-esr/mkma.js' in program.files));
  assert.ok('/etc/sysctl.d/60-mkma-kiosk.conf' in program.files);
});

test('the keyring asks for nothing where nothing asks at the login, and is none of mkma where a greeter asks', async () => {
  const password = { hash: '$6$salt$hash' };
  const ring = '/home/user/.local/share/keyrings/Default_keyring.keyring';
  const automatic = await machineOf(desktop({ password }));
  assert.ok(ring in automatic.files);
  const greeter = await machineOf(desktop({ password, login: 'greeter' }));
  assert.ok(!(ring in greeter.files));
});

test('what the definition says of files, volumes and sudo stays', async () => {
  const rule = '/etc/polkit-1/rules.d/49-mkma-desktop.rules';
  const cache = '/home/user/.cache';
  const said = { ramVolumes: { [cache]: { size: '1G' } }, files: { [rule]: '// none' } };
  const machine = await machineOf(desktop({}, said));
  assert.deepEqual(machine.ramVolumes[cache], { size: '1G', mode: '0755' });
  assert.equal(machine.files[rule], '// none');
  // duktape, on which Debian's polkitd runs, has nothing newer than ES5.
  assert.match(
    String((await machineOf(desktop({}))).files[rule]),
    /^polkit\.addRule\(function \(action, subject\) \{$/m,
  );
  const tied = await machineOf(desktop({}, { users: { user: { sudo: false } } }));
  assert.equal(tied.users.user?.sudo, false);
  assert.ok(!(rule in tied.files), 'polkit would make root of whom sudo does not');
  await machineOf(desktop({ compositor: 'cage', lock: 'none', launcher: 'none' }));
});

test('a file that an option names is relative to who names it', async () => {
  writeFileSync(join(folder, 'hash'), '$6$salt$hash\n');
  const { users } = await machineOf(desktop({ password: { hashFile: './hash' } }));
  assert.deepEqual(users.user?.password, { hashFile: join(folder, 'hash') });
});

test('two that claim the first terminal, and a greeter that nobody gets by', async () => {
  const codeOf = async (fields: unknown): Promise<string | undefined> => {
    const found = await resolveMachine({ config: write('mkma.config.json', fields) });
    return found.ok ? undefined : found.problem.code;
  };
  assert.equal(await codeOf({ extends: ['desktop', 'console'] }), 'two-logins-on-terminal');
  assert.equal(await codeOf(desktop({}, { users: { root: { autologin: ['ttyS0'] } } })), undefined);
  assert.equal(await codeOf(desktop({ login: 'greeter' })), 'greeter-without-password');
  assert.equal(await codeOf(desktop({ login: 'greeter', password: { hash: '$6$salt$hash' } })), undefined);
});

const WRONG: readonly [options: unknown, what: RegExp, next: RegExp, code?: string][] = [
  [{ compositr: 'sway' }, /^no such field: extends\[0\]\.with\.compositr$/, /^did you mean compositor\?/],
  [
    { compositor: 'swya' },
    /with\.compositor is "swya"$/,
    /^did you mean sway\? use "sway", "labwc", "cage" or "niri"/,
  ],
  [{ compositor: ['sway', 'labwc'] }, /with\.compositor is a list/, /./],
  [
    { terminal: 'xterm' },
    /with\.terminal is "xterm": it must be "foot", "alacritty", "kitty", "none", or/,
    /./,
  ],
  [
    { terminal: { comand: 'st' } },
    /no such field: extends\[0\]\.with\.terminal\.comand/,
    /^did you mean command\?/,
  ],
  [{ lock: 'none' }, /lock is "none"/, /idle: 'none'/, 'desktop-part-missing'],
  [{ page: 'https://example.org/' }, /page applies to cage/, /cage/, 'desktop-not-a-kiosk'],
  [{ compositor: 'cage', bar: 'waybar' }, /no place for bar/, /remove it/, 'desktop-part-without-place'],
  [{ compositor: 'cage', browser: 'none' }, /nothing to show/, /set one/, 'desktop-part-missing'],
  [{ compositor: 'cage', page: 'example.org' }, /begins with https/, /./],
];

test('wrong options: each with its place, and what was probably meant', async () => {
  for (const [options, what, next, code] of WRONG) {
    const found = await resolveMachine({ config: write('mkma.config.json', desktop(options)) });
    assert.ok(!found.ok, JSON.stringify(options));
    const { problem } = found;
    assert.match(problem.what, what);
    assert.match(problem.next ?? '', next);
    assert.match(problem.where ?? '', /mkma\.config\.json:\d+$/);
    assert.equal(problem.kind, 'usage');
    if (code !== undefined) assert.equal(problem.code, code);
  }
  const config = write('mkma.config.json', { extends: [{ preset: 'dekstop' }] });
  const missing = await resolveMachine({ config });
  assert.ok(!missing.ok);
  assert.equal(missing.problem.code, 'no-such-preset');
  assert.match(missing.problem.next ?? '', /^did you mean desktop\?/);
});
