// Tests of the desktop as its user sees it: by keys, pictures and sound.
import type { Guest, MachineInput } from 'mkma';
import { portal as portalCall } from './portal.js';

const ADA = { user: 'ada' };
/** Without KVM everything is slow. */
const PATIENT = { timeout: 600 };
const BACKGROUND: [number, number, number] = [29, 39, 51];

/** Wait until a command of Ada's succeeds. */
const until = (guest: Guest, command: string): Promise<string> =>
  guest.ok(`until ${command}; do sleep 1; done`, { ...ADA, ...PATIENT });

function expect(is: boolean, otherwise: string): void {
  if (!is) throw new Error(otherwise);
}

/** A new terminal that has the keyboard focus. */
async function terminal(guest: Guest): Promise<void> {
  await guest.ok('while pkill -x foot; do sleep 1; done', PATIENT);
  await guest.keys('super+Return');
  await guest.waitForWindow({ app: 'foot' }, PATIENT);
  await guest.type('PS1=; clear; touch /tmp/prompt\n');
  await until(guest, 'test -e /tmp/prompt');
  await guest.ok('rm /tmp/prompt');
}

/** Whether the screen is blue at the top right, where notifications appear. */
const isNotified = (screen: { at(x: number, y: number): readonly number[]; width: number }): boolean => {
  const [red = 0, green = 0, blue = 0] = screen.at(screen.width - 20, 56);
  return blue > 90 && blue > red + 40 && blue > green;
};

/** Harmless errors of the journal, each with its reason. */
const KNOWN = [
  // From the test of the console: while that is in front, the session does not have the sound card.
  /wireplumber\[\d+\]: spa\.alsa: (can't open control for card|Error opening hctl device)/,
];

const LOCKED = 'systemctl --user is-active --quiet desktop-lock';

export const tests: MachineInput['tests'] = [
  {
    name: 'the session is there, and nothing has failed',
    timeout: 1200,
    async run(guest) {
      await until(guest, 'systemctl --user is-active --quiet graphical-session.target waybar mako');
      await guest.waitForPixels((screen) => screen.colours() > 20, PATIENT);
      await until(guest, '! systemctl --user list-jobs --no-legend | grep -q .');
      const failed = [
        await guest.ok('systemctl --failed --plain --no-legend'),
        await guest.ok('systemctl --user --failed --plain --no-legend', ADA),
      ].join('');
      expect(failed === '', failed);
    },
  },
  {
    name: 'a key opens a terminal, and y and z are where Germans have them',
    timeout: 1200,
    async run(guest) {
      await terminal(guest);
      await guest.type('echo "yz?üß" > /tmp/typed\n');
      await until(guest, 'test -s /tmp/typed');
      const typed = await guest.read('/tmp/typed');
      expect(typed === 'yz?üß\n', `it says: ${typed}`);
    },
  },
  {
    name: 'and so they are on the console',
    timeout: 1200,
    async run(guest) {
      await guest.keys('ctrl+alt+F2');
      await guest.ok('until systemctl is-active --quiet getty@tty2; do sleep 1; done; sleep 5', PATIENT);
      // A password with a z in it.
      await guest.type('ada\n');
      await guest.ok('until pgrep --terminal tty2 login; do sleep 1; done; sleep 5', PATIENT);
      await guest.type('zeppelin\n');
      await guest.ok('until pgrep --terminal tty2 --uid ada bash; do sleep 1; done', PATIENT);
      await guest.type('echo "yz?" > /tmp/console; exit\n');
      await until(guest, 'test -s /tmp/console');
      const typed = await guest.read('/tmp/console');
      expect(typed === 'yz?\n', `it says: ${typed}`);
      await guest.keys('ctrl+alt+F1');
      await guest.waitForPixels((screen) => screen.colours() > 20, PATIENT);
    },
  },
  {
    name: 'the launcher starts a program, in a scope of its own',
    timeout: 1200,
    async run(guest) {
      await guest.ok('while pkill -x foot; do sleep 1; done', PATIENT);
      await guest.keys('super+d');
      await until(guest, 'pgrep -x fuzzel');
      await guest.waitForPixels((screen) => screen.share([17, 24, 31], 8) > 0.1, PATIENT);
      await guest.type('foot\n');
      await guest.waitForWindow({ app: 'foot' }, PATIENT);
      await until(guest, 'systemctl --user --quiet is-active "app-foot-*.scope"');
    },
  },
  {
    name: 'a notification is shown, also after the screen was off',
    timeout: 1200,
    async run(guest) {
      await guest.ok('notify-send --urgency=critical Hello', ADA);
      await guest.waitForPixels(isNotified, PATIENT);
      await guest.ok('makoctl dismiss --all', ADA);
      await guest.waitForPixels((screen) => !isNotified(screen), PATIENT);
      const screen = '/usr/lib/mkma-desktop/screen';
      await guest.ok(`${screen} off; sleep 3; ${screen} on; sleep 3`, { ...ADA, ...PATIENT });
      await guest.ok('notify-send --urgency=critical Hello again', ADA);
      await guest.waitForPixels(isNotified, PATIENT);
      await guest.ok('makoctl dismiss --all', ADA);
    },
  },
  {
    name: 'a screenshot is saved, a text outlives its program',
    timeout: 1200,
    async run(guest) {
      await guest.keys('Print');
      await until(guest, 'ls "$(xdg-user-dir PICTURES)"/screenshot-*.png');
      await guest.ok('echo -n kept | wl-copy; until cliphist list | grep -q kept; do sleep 1; done', ADA);
      await guest.ok('pkill -x wl-copy; until test "$(wl-paste)" = kept; do sleep 1; done', {
        ...ADA,
        ...PATIENT,
      });
    },
  },
  {
    name: 'a key moves the volume, and a tone is heard at its pitch',
    timeout: 1200,
    async run(guest) {
      const volume = 'wpctl get-volume @DEFAULT_AUDIO_SINK@';
      const before = await guest.ok(volume, ADA);
      await guest.keys('XF86AudioRaiseVolume');
      await until(guest, `test "$(${volume})" != "${before}"`);
      // Two seconds of 440 Hz.
      await guest.ok(
        `perl -e 'my $d = join "", map { pack "s<", 20000 * sin(6.2831853 * 440 * $_ / 48000) } 0 .. 95999;
          print "RIFF", pack("V", 36 + length $d), "WAVEfmt ", pack("VvvVVvv", 16, 1, 1, 48000, 96000, 2, 16), "data", pack("V", length $d), $d' > /tmp/tone.wav
        pw-play /tmp/tone.wav`,
        { ...ADA, ...PATIENT },
      );
      const { pitch, seconds } = await guest.sound();
      expect(seconds > 1 && Math.abs(pitch - 440) < 10, `${seconds} seconds of ${pitch} Hz`);
    },
  },
  {
    name: 'portals answer: settings, screenshot, file chooser',
    timeout: 1200,
    async run(guest) {
      const portal = 'org.freedesktop.portal.Desktop /org/freedesktop/portal/desktop org.freedesktop.portal';
      const read = `timeout 10 busctl --user call ${portal}.Settings ReadOne ss org.freedesktop.appearance color-scheme`;
      const answer = await guest.ok(read, ADA);
      expect(answer === 'v u 1', answer);
      await guest.ok(`cat > /tmp/portal.pl <<'EOF'\n${portalCall}EOF`);
      const call = (seconds: number, name: string, ...words: string[]): string =>
        `timeout ${seconds} perl /tmp/portal.pl org.freedesktop.portal.${name} ${words.join(' ')}`;
      const shot = await guest.ok(call(10, 'Screenshot', 'Screenshot', "'sa{sv}' ''"), ADA);
      const file = /file:\/\/(\S+\.png)/.exec(shot)?.[1];
      await guest.ok(`test -s '${file}'`, ADA);
      const choose = call(240, 'FileChooser', 'OpenFile', "'ssa{sv}' '' 'Pick one'");
      await guest.ok(`${choose} > /tmp/chosen 2>&1 &`, ADA);
      await guest.waitForWindow({ title: 'Pick one' }, PATIENT);
      // Dark like everything else: Adwaita's background, and nothing white.
      await guest.waitForPixels(
        (screen) => screen.share([49, 49, 49], 8) > 0.2 && screen.share([255, 255, 255], 20) < 0.2,
        PATIENT,
      );
      await guest.keys('Escape');
      await until(guest, 'grep -q Response /tmp/chosen');
    },
  },
  {
    name: 'what needs rights asks for the password',
    timeout: 1200,
    async run(guest) {
      await terminal(guest);
      await guest.type('pkexec id -u > /tmp/id\n');
      await guest.waitForWindow({ app: 'polkit-mate-authentication-agent-1' }, PATIENT);
      await guest.ok('sleep 3; test ! -s /tmp/id');
      await guest.type('zeppelin\n');
      await until(guest, 'test "$(cat /tmp/id)" = 0');
      await guest.type('exit\n');
    },
  },
  {
    name: 'a secret is kept and found again, without a question',
    timeout: 1200,
    async run(guest) {
      const store = 'echo -n hidden | timeout 60 secret-tool store --label=test test mkma';
      const found = await guest.ok(`${store} && timeout 60 secret-tool lookup test mkma`, ADA);
      expect(found === 'hidden', found);
    },
  },
  {
    name: 'locked by a key: open to the right password alone, and still locked when the locker is killed',
    timeout: 1200,
    async run(guest) {
      await guest.keys('super+l');
      await until(guest, LOCKED);
      await guest.waitForPixels((screen) => screen.share(BACKGROUND) > 0.8, PATIENT);
      for (const signal of ['TERM', 'KILL']) {
        const locker = 'systemctl --user show --property=MainPID --value desktop-lock';
        const pid = await guest.ok(locker, ADA);
        await guest.ok(`kill -${signal} ${pid}; sleep .2`);
        const open = await guest.screenshot();
        // sway shows a locked screen without a locker in red, then black: nothing of the session is visible.
        expect(open.share(open.at(600, 600)) > 0.98, 'the screen shows more than that it is locked');
        await until(guest, `p=$(${locker}) && [ "$p" != 0 ] && [ "$p" != ${pid} ] && ${LOCKED}`);
        await guest.waitForPixels((screen) => screen.share(BACKGROUND) > 0.8, PATIENT);
      }
      await guest.type('wrong\n');
      await guest.ok(`sleep 15; ${LOCKED}`, ADA);
      await guest.type('zeppelin\n');
      await until(guest, `! ${LOCKED}`);
    },
  },
  {
    name: 'locked before it sleeps',
    timeout: 1200,
    async run(guest) {
      // Instead of sleeping, the machine checks whether it is locked.
      const folder = '/run/systemd/system/systemd-suspend.service.d';
      const look = '/bin/sh -c "systemctl --user --machine=ada@ is-active desktop-lock >/run/asleep"';
      await guest.ok(
        `mkdir -p ${folder}; printf '[Service]\\nExecStart=\\nExecStart=-%s\\n' '${look}' >${folder}/look.conf`,
      );
      await guest.ok('systemctl daemon-reload; systemctl suspend');
      await until(guest, 'test -s /run/asleep');
      const found = await guest.read('/run/asleep');
      expect(found === 'active\n', `asleep, the lock was ${found}`);
      await guest.waitForPixels((screen) => screen.share(BACKGROUND) > 0.8, PATIENT);
      await guest.type('zeppelin\n');
      await until(guest, `! ${LOCKED}`);
      await guest.ok(`rm -r ${folder} /run/asleep; systemctl daemon-reload`);
    },
  },
  {
    name: 'who logs out is logged in again, and all is as at first',
    timeout: 1200,
    async run(guest) {
      const session = 'loginctl show-user ada --property=Display --value';
      const before = await guest.ok(session);
      await guest.keys('super+shift+q');
      await guest.ok(
        `until n=$(${session}) && [ -n "$n" ] && [ "$n" != ${before} ]; do sleep 1; done`,
        PATIENT,
      );
      await until(guest, 'systemctl --user is-active --quiet graphical-session.target waybar mako');
      await guest.waitForPixels((screen) => screen.colours() > 20, PATIENT);
      const failed = await guest.ok('systemctl --user --failed --plain --no-legend', ADA);
      expect(failed === '', failed);
    },
  },
  {
    name: 'fonts have every character of the configuration, and the journal has no error',
    timeout: 1200,
    async run(guest) {
      const missing = await guest.ok(
        `cat /etc/xdg/waybar/* /etc/xdg/fuzzel/* /etc/sway/config | perl -CS -ne 'printf "%x\\n", ord for grep { /\\S/ } split //' |
          sort -u | while read -r c; do fc-list ":charset=$c" | grep -q . || echo "U+$c"; done`,
        { ...ADA, ...PATIENT },
      );
      expect(missing === '', missing);
      const errors = await guest.ok('journalctl --boot --priority=err --no-hostname --quiet');
      const unknown = errors.split('\n').filter((line) => line !== '' && !KNOWN.some((is) => is.test(line)));
      expect(unknown.length === 0, unknown.join('\n'));
    },
  },
  {
    name: 'what is changed by hand and saved is there after a reboot, caches are not',
    timeout: 1500,
    async run(guest) {
      await guest.ok(`mkdir -p /tmp/deb/DEBIAN /tmp/deb/usr/bin && cd /tmp/deb &&
        printf 'Package: own\\nVersion: 1\\nArchitecture: all\\nMaintainer: Ada <ada@desk>\\nDescription: own\\n' > DEBIAN/control &&
        printf '#!/bin/sh\\necho own\\n' > usr/bin/own && chmod 755 usr/bin/own && dpkg-deb --build . /tmp/own.deb && dpkg -i /tmp/own.deb`);
      await guest.ok(
        'nmcli connection add type wifi con-name home ssid home wifi-sec.key-mgmt wpa-psk wifi-sec.psk not-a-secret',
      );
      await guest.ok(
        `echo "alias own=true" > ~/.bash_aliases; echo cached > ~/.cache/cached
        echo WALLPAPER=/usr/lib/mkma-desktop/light.png > ~/.config/mkma-desktop.conf
        wpctl set-volume @DEFAULT_AUDIO_SINK@ 0.15; sleep 10`,
        ADA,
      );
      const listed = await guest.ok('mkma persist --all --dry-run');
      expect(!listed.includes('/.cache/cached'), listed);
      await guest.persist();
      await guest.reboot();
      await until(guest, 'systemctl --user is-active --quiet graphical-session.target waybar mako');
      const light: [number, number, number] = [215, 224, 234];
      await guest.waitForPixels((screen) => screen.share(light) > 0.5, PATIENT);
      await guest.ok('own && dpkg --status own && nmcli connection show home > /dev/null');
      await guest.ok('grep -q own ~/.bash_aliases && test ! -e ~/.cache/cached', ADA);
      await until(guest, 'wpctl get-volume @DEFAULT_AUDIO_SINK@ | grep -q 0.15');
    },
  },
];
