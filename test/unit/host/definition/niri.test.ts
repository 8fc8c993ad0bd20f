/** The desktop with niri: what offers it, what is refused, and what its configuration says. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { KEYS } from '../../../../src/host/definition/presets/desktop/keys.js';
import { niriConfig } from '../../../../src/host/definition/presets/desktop/niri.js';
import { resolveMachine } from '../../../../src/host/definition/resolve.js';
import { type KdlNode, parseKdl } from './kdl.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-niri-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const resolve = (options: object, rest: object = {}) => {
  const config = join(folder, 'mkma.config.json');
  const fields = { extends: [{ preset: 'desktop', with: { compositor: 'niri', ...options } }], ...rest };
  writeFileSync(config, JSON.stringify(fields, null, 2));
  return resolveMachine({ config });
};
const machineOf = async (options: object, rest: object) => {
  const found = await resolve(options, rest);
  assert.ok(found.ok, JSON.stringify(found));
  return found.value.machine;
};
const key = { url: 'https://x.example/Release.key', fingerprint: 'ab'.repeat(20) };
const REPOSITORY = { repositories: { x: { uri: 'https://x.example/', suites: ['/'], key } } };
const build = (name: string) => ({ builds: [{ name, run: 'true', install: 'true' }] });

describe('where niri comes from', () => {
  for (const name of ['niri.deb', 'niri_25.11-1_amd64.deb', 'nirimap_1_amd64.deb', 'niri-tools.deb']) {
    writeFileSync(join(folder, name), '');
  }
  const packagesOf = async (rest: object) =>
    (await machineOf({}, rest)).packages.filter((entry) => /niri/.test(entry));

  test('from a repository it is a package', async () => {
    assert.deepEqual(await packagesOf(REPOSITORY), ['niri']);
    assert.deepEqual(await packagesOf({ packages: ['niri'] }), ['niri']);
    assert.deepEqual(await packagesOf({ ...REPOSITORY, packages: ['niri=25.11-1'] }), ['niri=25.11-1']);
  });

  test('a package file, or a build by its name, is what there is: apt is asked for nothing', async () => {
    for (const name of ['niri.deb', 'niri_25.11-1_amd64.deb']) {
      const file = join(folder, name);
      assert.deepEqual(await packagesOf({ ...REPOSITORY, packages: [file] }), [file]);
    }
    assert.deepEqual(await packagesOf(build('niri')), []);
  });

  test('where nothing offers it, the lines to paste are shown, at the place of the option', async () => {
    for (const rest of [{}, build('nirj'), { packages: [join(folder, 'niri-tools.deb')] }]) {
      const found = await resolve({}, rest);
      assert.ok(!found.ok);
      const { code, where = '', next = '', kind } = found.problem;
      assert.deepEqual([code, kind], ['desktop-not-in-debian', 'usage']);
      assert.match(where, /mkma\.config\.json:\d+$/);
      for (const part of [
        "suites: ['/']",
        'Release.key',
        'fingerprint',
        "packages: ['./niri",
        "name: 'niri'",
      ]) {
        assert.ok(next.includes(part), next);
      }
    }
  });

  test('programs for X11 take another program that Debian lacks: by default there are none', async () => {
    const { packages } = await machineOf({}, build('niri'));
    assert.ok(!packages.includes('xwayland'));
    const refused = await resolve({ xwayland: true }, build('niri'));
    assert.ok(!refused.ok);
    assert.equal(refused.problem.code, 'desktop-not-in-debian');
    assert.match(refused.problem.what, /xwayland requires xwayland-satellite/);
    const offered = await machineOf({ xwayland: true }, REPOSITORY);
    for (const name of ['niri', 'xwayland', 'xwayland-satellite'])
      assert.ok(offered.packages.includes(name), name);
    const sway = await machineOf({ compositor: 'sway' }, {});
    assert.ok(sway.packages.includes('xwayland'));
  });

  test('it has no unit of mkma, and files of its own', async () => {
    const { files } = await machineOf({ keyring: 'none' }, REPOSITORY);
    const text = (path: string): string => {
      const file = files[path];
      assert.equal(typeof file, 'string', path);
      return String(file);
    };
    assert.deepEqual(
      Object.keys(files).filter((path) => /desktop-session|compositor$|sway|labwc/.test(path)),
      [],
    );
    const portals = text('/etc/xdg/xdg-desktop-portal/niri-portals.conf');
    assert.match(portals, /^default=gtk$/m);
    assert.match(portals, /^org\.freedesktop\.impl\.portal\.ScreenCast=gnome;wlr$/m);
    assert.ok(!portals.includes('FileChooser'), 'the default holds for it');
    assert.match(
      text('/etc/systemd/user/niri.service.d/10-mkma-desktop.conf'),
      /^ManagedOOMPreference=avoid$/m,
    );
    assert.match(text('/etc/xdg/waybar/config.jsonc'), /"niri\/workspaces"/);
    assert.match(text('/usr/lib/mkma-desktop/settings'), /^COMPOSITOR='niri'\nDESKTOP_NAMES='niri'$/m);
  });
});

/** Actions that niri knows (resources/default-config.kdl and docs/wiki of 26.04) of those that are used here, and how many values each takes. */
const ACTIONS: Readonly<Record<string, number>> = {
  ...{ spawn: Number.NaN, 'close-window': 0, 'fullscreen-window': 0, 'toggle-column-tabbed-display': 0 },
  ...{ 'toggle-window-floating': 0, 'switch-focus-between-floating-and-tiling': 0, 'toggle-overview': 0 },
  ...{ 'focus-column-left': 0, 'focus-column-right': 0, 'focus-window-down': 0, 'focus-window-up': 0 },
  ...{ 'move-column-left': 0, 'move-column-right': 0, 'move-window-down': 0, 'move-window-up': 0 },
  ...{
    'focus-workspace': 1,
    'move-column-to-workspace': 1,
    'focus-workspace-down': 0,
    'focus-workspace-up': 0,
  },
  ...{ 'move-column-to-workspace-down': 0, 'move-column-to-workspace-up': 0, 'show-hotkey-overlay': 0 },
  ...{ 'consume-window-into-column': 0, 'expel-window-from-column': 0, 'switch-preset-column-width': 0 },
  'set-column-width': 1,
};
/** Properties of a key (Configuration:-Key-Bindings). */
const PROPERTIES = ['repeat', 'cooldown-ms', 'allow-when-locked', 'allow-inhibiting', 'hotkey-overlay-title'];
const MODIFIERS = ['Mod', 'Shift', 'Ctrl', 'Alt', 'Super'];

describe('/etc/niri/config.kdl', () => {
  const nodes = parseKdl(niriConfig(KEYS));
  const find = (name: string, among: readonly KdlNode[] = nodes): KdlNode => {
    const [node, ...others] = among.filter((one) => one.name === name);
    assert.ok(node !== undefined && others.length === 0, name);
    return node;
  };

  test('sections of niri, each once; the layout is left to the machine', () => {
    assert.deepEqual(
      nodes.map(({ name }) => name),
      ['input', 'cursor', 'layout', 'prefer-no-csd', 'hotkey-overlay', 'binds'],
    );
    assert.deepEqual(find('xkb', find('keyboard', find('input').children).children).children, []);
    assert.deepEqual(find('xcursor-theme', find('cursor').children).values, ['Adwaita']);
  });

  test('each key once, with one action that niri knows', () => {
    const { children } = find('binds');
    const chords = children.map(({ name }) => name.toLowerCase());
    assert.deepEqual(
      chords.filter((chord, i) => chords.indexOf(chord) < i),
      [],
      'niri refuses a configuration that has a key twice',
    );
    for (const { name, values, properties, children: actions } of children) {
      assert.deepEqual(values, [], name);
      const modifiers = name.split('+').slice(0, -1);
      assert.ok(
        modifiers.every((one) => MODIFIERS.includes(one)),
        name,
      );
      assert.ok(
        Object.keys(properties).every((one) => PROPERTIES.includes(one)),
        name,
      );
      const [action, ...others] = actions;
      assert.ok(action !== undefined && others.length === 0, name);
      const count = ACTIONS[action.name];
      assert.ok(count !== undefined, action.name);
      if (!Number.isNaN(count)) assert.equal(action.values.length, count, name);
      assert.deepEqual([action.properties, action.children], [{}, []], name);
    }
  });

  test('the keys of every compositor call the same program, those of the locked screen as well', () => {
    const { children } = find('binds');
    for (const { held, key: name, action, locked } of KEYS) {
      const chord = [...held.map((one) => (one === 'super' ? 'Mod' : 'Shift')), name].join('+');
      const bind = find(chord, children);
      assert.deepEqual(bind.children[0]?.values, ['/usr/lib/mkma-desktop/key', action]);
      assert.equal(bind.properties['allow-when-locked'], locked);
    }
    assert.equal(find('Mod+Return', children).properties.repeat, false);
    assert.equal(find('XF86AudioRaiseVolume', children).properties.repeat, undefined);
  });

  test('the parser of this test refuses what KDL does', () => {
    for (const wrong of ['a { b', 'a }', 'a "b', 'a b', 'a=1', '1a', 'a "b"c', 'a \\"']) {
      assert.throws(() => parseKdl(wrong), /was expected/, wrong);
    }
    assert.deepEqual(parseKdl('a 1 "b" c=true { d; }\n'), [
      {
        ...{ name: 'a', values: [1, 'b'], properties: { c: true } },
        children: [{ name: 'd', values: [], properties: {}, children: [] }],
      },
    ]);
  });
});
