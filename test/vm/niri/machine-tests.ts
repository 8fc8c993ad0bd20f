/** What a machine with the stand-in for niri is to do: seen from inside, at a screen without a graphics processor. */
import assert from 'node:assert/strict';
import type { Guest } from '../../../src/host/definition/functions.js';
import type { MachineInput } from '../../../src/host/definition/machine.js';

const USER = { user: 'user' };
/** Without KVM everything takes its time. */
const PATIENT = { timeout: 400 };

/** Wait until a command of the user's succeeds. */
const until = (guest: Guest, command: string): Promise<string> =>
  guest.ok(`until ${command}; do sleep 1; done`, { ...USER, ...PATIENT });

const PARTS = ['niri', 'desktop-wallpaper', 'waybar', 'mako'].map((name) => `${name}.service`);

/** Wait until the session and its parts are there, and nothing has failed. */
async function whole(guest: Guest): Promise<void> {
  await until(guest, `systemctl --user is-active --quiet graphical-session.target ${PARTS.join(' ')}`);
  await until(guest, '! systemctl --user list-jobs --no-legend | grep -q .');
  assert.equal(await guest.ok('systemctl --user --failed --plain --no-legend', USER), '');
  assert.equal(await guest.ok('systemctl --failed --plain --no-legend'), '');
}

export const NAMES = [
  'without a graphics processor the console says so, and offers a shell',
  'the session comes up by its own unit, with its parts and its environment',
  "a key of niri's configuration opens a terminal, in the layout that niri asks for",
  'portals are the ones of /etc/xdg, and answer',
  'who logs out is logged in again, and all is as at first',
] as const;

export const tests: NonNullable<MachineInput['tests']> = [
  {
    name: NAMES[0],
    timeout: 400,
    async run(guest) {
      // A console's screen without line ends: vcs(4).
      const told = "grep -q 'niri requires a graphics processor' /dev/vcs1";
      await guest.ok(`until ${told}; do sleep 1; done`, PATIENT);
      assert.match(await guest.read('/dev/vcs1'), /Enter opens a shell here/);
      assert.equal(
        (await guest.run('systemctl --user is-active niri.service', USER)).stdout.trim(),
        'inactive',
      );
      await guest.keys('Return');
      await guest.type('id -un > /tmp/who\n');
      await guest.ok('until test -s /tmp/who; do sleep 1; done', PATIENT);
      assert.equal(await guest.read('/tmp/who'), 'user\n');
    },
  },
  {
    name: NAMES[1],
    timeout: 900,
    async run(guest) {
      await guest.ok('echo GPU=yes > /etc/mkma-desktop.conf; systemctl restart mkma-desktop');
      await whole(guest);
      const environment = (await guest.ok('systemctl --user show-environment', USER)).split('\n');
      for (const line of ['XDG_CURRENT_DESKTOP=niri', 'XDG_SESSION_TYPE=wayland']) {
        assert.ok(environment.includes(line), environment.join('\n'));
      }
      for (const name of ['WAYLAND_DISPLAY', 'NIRI_SOCKET', 'XDG_SESSION_ID']) {
        assert.ok(
          environment.some((line) => line.startsWith(`${name}=`)),
          name,
        );
      }
      const show = 'systemctl --user show --value -p Slice -p ManagedOOMPreference -p OOMPolicy niri.service';
      const properties = (await guest.ok(show, USER)).split('\n').sort();
      assert.deepEqual(properties, ['avoid', 'continue', 'session.slice']);
      assert.match(await guest.ok('loginctl show-user user --property=Display --value'), /\S/);
    },
  },
  {
    name: NAMES[2],
    timeout: 600,
    async run(guest) {
      await guest.keys('super+Return');
      await guest.waitForWindow({ app: 'foot' }, PATIENT);
      await guest.type('echo "yz?ü" > /tmp/typed\n');
      await until(guest, 'test -s /tmp/typed');
      assert.equal(await guest.read('/tmp/typed'), 'yz?ü\n');
    },
  },
  {
    name: NAMES[3],
    timeout: 400,
    async run(guest) {
      const portal = 'org.freedesktop.portal.Desktop /org/freedesktop/portal/desktop org.freedesktop.portal';
      const read = `timeout 60 busctl --user call ${portal}.Settings ReadOne ss org.freedesktop.appearance color-scheme`;
      assert.equal(await guest.ok(read, USER), 'v u 1');
      // Each interface of the portal is there where some back end answers it: in the file of the package that would be one that is not.
      const chooser = `busctl --user introspect ${portal.replace(/ \S+$/, '')} org.freedesktop.portal.FileChooser`;
      assert.match(await guest.ok(chooser, USER), /OpenFile/);
    },
  },
  {
    name: NAMES[4],
    timeout: 900,
    async run(guest) {
      const session = 'loginctl show-user user --property=Display --value';
      const before = await guest.ok(session);
      await guest.keys('super+shift+q');
      await guest.ok(
        `until n=$(${session}) && [ -n "$n" ] && [ "$n" != ${before} ]; do sleep 1; done`,
        PATIENT,
      );
      await whole(guest);
    },
  },
];
