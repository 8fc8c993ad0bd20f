// Tests of the greeter and of labwc.
import type { Guest, MachineInput } from 'mkma';

/** Without KVM everything is slow. */
const PATIENT = { timeout: 600 };
const BACKGROUND: [number, number, number] = [215, 224, 234];

const until = (guest: Guest, user: string, command: string): Promise<string> =>
  guest.ok(`until ${command}; do sleep 1; done`, { user, ...PATIENT });

/** Types a name and its password at the greeter. It has a z, which German keyboards have elsewhere. */
async function logIn(guest: Guest, user: string): Promise<void> {
  await guest.ok(`until pgrep -x tuigreet; do sleep 1; done`, PATIENT);
  await guest.waitForText(/Username/i, PATIENT);
  // The greeter remembers the last user, and would ask for that password.
  await guest.keys('Escape');
  await guest.ok('sleep 3');
  await guest.type(`${user}\n`);
  await guest.waitForText(/Password/i, PATIENT);
  await guest.type('zeppelin\n');
  await guest.ok(`until test -S /run/user/$(id -u ${user})/bus; do sleep 1; done`, PATIENT);
  await until(guest, user, 'systemctl --user is-active --quiet graphical-session.target waybar mako');
}

export const tests: MachineInput['tests'] = [
  {
    name: 'the greeter lets Ada in, and her session is painted',
    timeout: 1200,
    async run(guest) {
      await logIn(guest, 'ada');
      await guest.waitForPixels((screen) => screen.share(BACKGROUND) > 0.5, PATIENT);
      const failed = await guest.ok('systemctl --user --failed --plain --no-legend', { user: 'ada' });
      if (failed !== '') throw new Error(failed);
    },
  },
  {
    name: 'a key opens a terminal, and what is typed is read',
    timeout: 1200,
    async run(guest) {
      await guest.keys('super+Return');
      await guest.waitForWindow({ app: 'foot' }, PATIENT);
      await guest.type('echo "yz?üß" > /tmp/typed\n');
      await until(guest, 'ada', 'grep -q yz?üß /tmp/typed');
    },
  },
  {
    name: 'sound is of whoever is logged in, not of the greeter',
    timeout: 1200,
    async run(guest) {
      const sinks = await guest.ok('wpctl status | sed -n "/Sinks:/,/Sources:/p"', {
        user: 'ada',
        ...PATIENT,
      });
      if (!/\* +\d+\. (?!.*(Dummy|Null))/.test(sinks)) throw new Error(sinks);
      await guest.ok('! pgrep -u _greetd pipewire');
    },
  },
  {
    name: 'the keyring is opened by the password that was given to the greeter',
    timeout: 1200,
    async run(guest) {
      const store = 'echo -n hidden | timeout 60 secret-tool store --label=test test mkma';
      await guest.ok(`${store} && test "$(timeout 60 secret-tool lookup test mkma)" = hidden`, {
        user: 'ada',
      });
    },
  },
  {
    name: 'the lock opens to the right password alone',
    timeout: 1200,
    async run(guest) {
      const locked = 'systemctl --user is-active --quiet desktop-lock';
      await guest.keys('super+l');
      await until(guest, 'ada', locked);
      await guest.type('wrong\n');
      await guest.ok(`sleep 15; ${locked}`, { user: 'ada' });
      await guest.type('zeppelin\n');
      await until(guest, 'ada', `! ${locked}`);
    },
  },
  {
    name: 'after her Bob has a session of his own',
    timeout: 1200,
    async run(guest) {
      await guest.keys('super+shift+q');
      await guest.ok('while pgrep -u ada -x labwc; do sleep 1; done', PATIENT);
      await logIn(guest, 'bob');
      await guest.waitForPixels((screen) => screen.share(BACKGROUND) > 0.5, PATIENT);
      const failed = await guest.ok('systemctl --user --failed --plain --no-legend', { user: 'bob' });
      if (failed !== '') throw new Error(failed);
    },
  },
];
