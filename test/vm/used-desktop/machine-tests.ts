/** A desktop as people use it, which saves by itself: what is there after the next boot, and what is not. */
import assert from 'node:assert/strict';
import type { Guest } from '../../../src/host/definition/functions.js';
import type { MachineInput } from '../../../src/host/definition/machine.js';

const PATIENT = { timeout: 900 };
const USER = { user: 'user', ...PATIENT };

/** Most lines of the list of changes (docs/persistence.md). */
const MOST_LINES = 40;

/** Saves by the timer's service while databases are written. */
const SAVES = 10;

/** How a package of somebody else is installed: a program with an entry in menus, settings, an icon and configuration. */
const GADGET = String.raw`set -e; d=/tmp/gadget
mkdir -p $d/DEBIAN $d/usr/bin $d/usr/share/applications $d/usr/share/glib-2.0/schemas $d/usr/share/icons/hicolor/scalable/apps $d/etc
printf '#!/bin/sh\necho gadget\n' >$d/usr/bin/gadget; chmod 755 $d/usr/bin/gadget
echo a=1 >$d/etc/gadget.conf; echo /etc/gadget.conf >$d/DEBIAN/conffiles
printf '[Desktop Entry]\nType=Application\nName=Gadget\nExec=gadget\nMimeType=text/x-gadget;\n' >$d/usr/share/applications/gadget.desktop
printf '<schemalist><schema id="org.gadget" path="/org/gadget/"><key name="on" type="b"><default>true</default></key></schema></schemalist>' >$d/usr/share/glib-2.0/schemas/org.gadget.gschema.xml
echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >$d/usr/share/icons/hicolor/scalable/apps/gadget.svg
printf 'Package: gadget\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n' >$d/DEBIAN/control
dpkg-deb --root-owner-group --build $d /tmp/gadget.deb; dpkg -i /tmp/gadget.deb; rm -r $d /tmp/gadget.deb; echo b=2 >>/etc/gadget.conf`;

const AT_HOME = `set -e; cd
gsettings set org.gnome.desktop.interface text-scaling-factor 1.1
echo 'alias ll="ls -l"' >>.bashrc
mkdir -p Documents Downloads work/app/src .ssh .cache/program .local/share/Trash/files
seq 1 5 | while read i; do echo "note $i" >Documents/note-$i.txt; head -c 100000 /dev/urandom >Downloads/file-$i.bin; done
cd work/app; seq 1 8 | while read i; do echo "int f$i;" >src/$i.c; done
git init -q; git config user.email a@example.org; git config user.name a; git add -A; git commit -qm first; cd
ssh-keygen -q -t ed25519 -N "" -f .ssh/id_ed25519
echo no >.cache/program/thing; echo no >.local/share/Trash/files/thing`;

const IN_SYSTEM = `set -e
timedatectl set-timezone Europe/Berlin; hostnamectl set-hostname mydesk
nmcli connection add type wifi ssid home con-name home >/dev/null
useradd -m guest2; echo 10.0.0.1 nas >>/etc/hosts
mkdir -p /srv/data; seq 1 50 | while read i; do echo $i >/srv/data/$i; done
echo once >/var/log/once.log`;

/** SQLite's journals that a database is written with. */
const MODES = ['wal', 'delete'] as const;
type Mode = (typeof MODES)[number];

const acknowledgedOf = (mode: Mode): string => `/run/user/1000/acknowledged-${mode}`;

/** Start a service of the user's that commits a row after the other, from `first` on, and prints which. */
async function startWriter(guest: Guest, mode: Mode): Promise<void> {
  const rows = `$|=1; for (my $n = $ARGV[0] + 1; ; $n++) { print "insert into t values($n); select $n;\\n"; select undef, undef, undef, 0.002 }`;
  const script = `cd ~/Documents
sqlite3 ${mode}.db 'pragma journal_mode=${mode}; create table if not exists t(n integer primary key)' >/dev/null
perl -e '${rows}' "$(sqlite3 ${mode}.db 'select ifnull(max(n), 0) from t')" | stdbuf -oL sqlite3 ${mode}.db >${acknowledgedOf(mode)}
`;
  const file = `/run/user/1000/writer-${mode}`;
  await guest.ok(
    `cat >${file} <<'END'\n${script}END\nsystemd-run --user --quiet --unit=writer-${mode} sh ${file}`,
    USER,
  );
  await guest.ok(`until [ -s ${acknowledgedOf(mode)} ]; do sleep 0.2; done`, USER);
}

const lastOf = async (guest: Guest, mode: Mode): Promise<number> =>
  Number(await guest.ok(`tail -n 2 ${acknowledgedOf(mode)} | head -n 1`, USER));

/** Wait until the session is there. */
const session = (guest: Guest): Promise<string> =>
  guest.ok(
    'until systemctl --user is-active --quiet graphical-session.target desktop-session; do sleep 1; done',
    USER,
  );

/** Rows that had been committed before the shutdown began. */
const committed = new Map<Mode, number>();

export const NAMES = [
  'a desktop that was used has a list of changes that fits on a page',
  'it is saved again and again while a browser and databases write',
  'after a reboot, all that was wished is there, and nothing of what nobody wants back',
] as const;

export const tests: NonNullable<MachineInput['tests']> = [
  {
    name: NAMES[0],
    timeout: 1800,
    async run(guest) {
      await session(guest);
      // Saved when the test says so.
      await guest.ok('systemctl stop mkma-persist.timer');
      await guest.keys('super+w');
      await guest.waitForWindow({ app: 'firefox-esr' }, PATIENT);
      await guest.ok(AT_HOME, USER);
      await guest.ok(IN_SYSTEM, PATIENT);
      await guest.ok(GADGET, PATIENT);
      // The browser writes its profile.
      await guest.ok(
        'until find /home/user -name places.sqlite | grep -q .; do sleep 1; done; sleep 20',
        PATIENT,
      );
      const said = await guest.ok('mkma persist --all --dry-run', PATIENT);
      const lines = said
        .split('\n')
        .filter((line) =>
          /^(package|account|new|changed|deleted|database|profile|repository|metadata|folder|moved) /.test(
            line,
          ),
        );
      assert.ok(lines.length > 10 && lines.length <= MOST_LINES, said);
      assert.match(said, /^package .* gadget 1\.0 \(new, /m);
      assert.match(said, /^new .* \/srv\/data \(50 files\)$/m);
      assert.match(
        await guest.ok('mkma status --unsaved', PATIENT),
        /^\d+ unsaved changes, .*: 1 package, 1 account, /,
      );
    },
  },
  {
    name: NAMES[1],
    timeout: 3000,
    async run(guest) {
      for (const mode of MODES) await startWriter(guest, mode);
      for (let i = 1; i <= SAVES; i++) {
        const before = new Map<Mode, number>();
        for (const mode of MODES) before.set(mode, await lastOf(guest, mode));
        await guest.ok('systemctl start mkma-persist.service', PATIENT);
        const said = await guest.ok(
          'journalctl --no-pager --quiet --output=cat "_SYSTEMD_INVOCATION_ID=$(systemctl show --property=InvocationID --value mkma-persist.service)"',
        );
        assert.match(said, /^saved \d+ changes as persistence\.\w+_auto\./m, said);
        assert.doesNotMatch(said, /left out/);
        // They go on.
        for (const mode of MODES) assert.ok((await lastOf(guest, mode)) > (before.get(mode) as number));
      }
      // A session with a shell, whose history is written when it ends.
      await guest.keys('super+Return');
      await guest.waitForWindow({ app: 'foot' }, PATIENT);
      await guest.type('echo typed in the terminal\n');
      await guest.ok('sleep 10');
      for (const mode of MODES) committed.set(mode, await lastOf(guest, mode));
      await guest.reboot();
    },
  },
  {
    name: NAMES[2],
    timeout: 1800,
    async run(guest) {
      await session(guest);
      const home = (command: string): Promise<string> => guest.ok(`cd; ${command}`, USER);
      assert.match(await home('cat .bash_history'), /^echo typed in the terminal$/m);
      assert.match(await home('tail -n 1 .bashrc'), /^alias ll=/);
      assert.equal(
        await home('gsettings get org.gnome.desktop.interface text-scaling-factor'),
        '1.1000000000000001',
      );
      assert.equal(await home('cat Documents/note-5.txt; stat -c %s Downloads/file-5.bin'), 'note 5\n100000');
      assert.equal(
        await home(
          'cd work/app && git fsck --strict 2>/dev/null && git status --short && git log --format=%s',
        ),
        'first',
      );
      assert.equal(await home('stat -c %a .ssh/id_ed25519'), '600');
      for (const mode of MODES) {
        assert.equal(await home(`sqlite3 Documents/${mode}.db 'pragma integrity_check'`), 'ok', mode);
        const last = Number(
          await home(
            `sqlite3 Documents/${mode}.db 'select max(n) from t where (select count(*) from t) = (select max(n) from t)'`,
          ),
        );
        assert.ok(
          last >= (committed.get(mode) as number),
          `${mode}: ${last}, committed ${committed.get(mode)}`,
        );
      }
      const profile = await home('dirname "$(find . -name places.sqlite)"');
      assert.equal(
        await home(
          `cd '${profile}'; test -s prefs.js; for one in *.sqlite; do sqlite3 "$one" 'pragma integrity_check' | grep -vx ok; done; :`,
        ),
        '',
      );
      assert.equal(
        await guest.ok('readlink --canonicalize /etc/localtime'),
        '/usr/share/zoneinfo/Europe/Berlin',
      );
      assert.match(await guest.ok('nmcli -g NAME connection show'), /^home$/m);
      assert.match(await guest.ok('getent hosts nas'), /^10\.0\.0\.1 /);
      assert.equal(await guest.ok('ls /srv/data | wc -l; stat -c %U /home/guest2'), '50\nguest2');
      assert.equal(
        await guest.ok(
          'gadget; cat /etc/gadget.conf; dpkg --audit; dpkg --verify gadget; apt-get check -q=2',
        ),
        'gadget\na=1\nb=2\n??5?????? c /etc/gadget.conf',
      );
      assert.equal(
        await home('gsettings get org.gadget on; grep -c gadget /usr/share/applications/mimeinfo.cache'),
        'true\n1',
      );
      // What nobody wants back, and who the machine is.
      const gone = ['.cache/program/thing', '.local/share/Trash/files/thing', `${profile}/.parentlock`];
      for (const path of gone) assert.equal((await guest.run(`cd; ls -d '${path}'`, USER)).exitCode, 2, path);
      assert.equal((await guest.run('ls /var/log/once.log')).exitCode, 2);
      assert.notEqual(await guest.ok('hostname'), 'mydesk');
      assert.equal(await guest.ok('systemctl --failed --plain --no-legend'), '');
      // The profile as it was saved, while it was used.
      await guest.keys('super+w');
      await guest.waitForWindow({ app: 'firefox-esr' }, PATIENT);
    },
  },
];
