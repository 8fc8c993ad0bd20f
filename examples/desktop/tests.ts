// What the desktop is to do, looked at as its user would: by keys, pictures and sound.
import type { Guest, MachineInput } from 'mkma';

const ADA = { user: 'ada' };
/** Without KVM everything takes its time. */
const PATIENT = { timeout: 300 };

/** Wait until a command of Ada's succeeds. */
const until = (guest: Guest, command: string): Promise<string> =>
  guest.ok(`until ${command}; do sleep 1; done`, { ...ADA, ...PATIENT });

function expect(is: boolean, otherwise: string): void {
  if (!is) throw new Error(otherwise);
}

export const tests: MachineInput['tests'] = [
  {
    name: 'the session is there, and nothing has failed',
    timeout: 900,
    async run(guest) {
      await until(guest, 'systemctl --user is-active --quiet graphical-session.target');
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
    async run(guest) {
      await guest.keys('super+Return');
      await guest.waitForWindow({ app: 'foot' }, PATIENT);
      await guest.type('echo "yz?üß" > /tmp/typed\n');
      await until(guest, 'test -s /tmp/typed');
      const typed = await guest.read('/tmp/typed');
      expect(typed === 'yz?üß\n', `it says: ${typed}`);
    },
  },
  {
    name: 'a notification is shown, a screenshot saved, a text outlives its program',
    async run(guest) {
      await guest.ok('notify-send Hello; sleep 1; makoctl list | grep -q Hello', ADA);
      await guest.keys('Print');
      await until(guest, 'ls "$(xdg-user-dir PICTURES)"/screenshot-*.png');
      await guest.ok('echo -n kept | wl-copy; sleep 2; cliphist list | grep -q kept', ADA);
    },
  },
  {
    name: 'a key moves the volume, and a tone is heard at its pitch',
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
    name: 'programs are told that it is dark, without a time-out',
    async run(guest) {
      const portal = 'org.freedesktop.portal.Desktop /org/freedesktop/portal/desktop org.freedesktop.portal';
      const read = `timeout 30 busctl --user call ${portal}.Settings ReadOne ss org.freedesktop.appearance color-scheme`;
      const answer = await guest.ok(read, ADA);
      expect(answer === 'v u 1', answer);
    },
  },
  {
    name: 'locked by a key: a wrong password does not open it, the right one does',
    async run(guest) {
      await guest.keys('super+l');
      await until(guest, 'systemctl --user is-active --quiet desktop-lock');
      await guest.waitForPixels((screen) => screen.share([29, 39, 51]) > 0.8, PATIENT);
      await guest.type('wrong\n');
      await guest.ok('sleep 15; systemctl --user is-active desktop-lock', ADA);
      await guest.type('zeppelin\n');
      await until(guest, '! systemctl --user is-active --quiet desktop-lock');
    },
  },
  {
    name: 'who logs out is logged in again, and all is as at first',
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
];
