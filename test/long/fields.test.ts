/** Every field of a definition in one machine, which is built and booted: what the machine itself says of it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { execute, main } from '../cli/cli.js';
import { localRepository, makeDeb } from '../vm/packages.js';
import { runScript } from '../vm/script.js';

const built = process.env.MKMA_TEST_IMAGES ?? '';
assert.ok(built);
const folder = mkdtempSync(join(dirname(built), 'fields-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const HASH = execFileSync('openssl', ['passwd', '-6', 'geheim'], { encoding: 'utf8' });
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVcD0M2kUCHxLmGnYIg2nyS2vIjmMAdkLmHYaY0Qc1n anna';

/** What the definition names beside itself. */
function prepare(): void {
  mkdirSync(join(folder, 'tree/sub'), { recursive: true, mode: 0o750 });
  const files: Record<string, string> = {
    'tree/sub/a': 'in a tree\n',
    template: 'name={{name}} port={{ port }}\n',
    hash: HASH,
    'anna.pub': `${KEY}\n`,
    'hook.sh': '#!/bin/sh\necho "a script of $(id -un)" > /etc/hook-script\n',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  makeDeb(folder, 'mkma-local', ['bc']);
  localRepository(join(folder, 'repository'), 'mkma-remote', join(folder, 'key.asc'));
  localRepository(join(folder, 'second'), 'mkma-second', join(folder, 'second.gpg'));
  const release = readdirSync(join(built, 'chroot/usr/lib/modules'))[0] ?? '';
  writeFileSync(join(folder, 'mkma.config.ts'), definition(release));
}

const definition = (release: string): string => `
import { defineMachine, replace } from 'mkma';

export default defineMachine({
  hostname: 'fields',
  repositories: {
    own: { uri: 'file:${folder}/repository', suites: ['./'], key: './key.asc' },
    'only-build': { uri: 'file:${folder}/second', suites: ['./'], key: './second.gpg', inMachine: false },
  },
  sources: { mirror: 'http://mirror.example.org/debian' },
  packages: ['./mkma-local.deb', 'mkma-remote=1.0', 'mkma-second', 'zsh'],
  excludePackages: ['nano'],
  files: {
    '/etc/inline': 'inline\\n',
    '/etc/owned': { content: 'x\\n', mode: '4750', owner: 'anna:www-data' },
    '/opt/tree': { from: './tree', owner: 'anna' },
    '/etc/template': { from: './template', values: { name: 'box', port: 80 } },
    '/etc/link': { link: 'inline' },
    '/srv/empty': { folder: true, mode: '0700', owner: 'www-data' },
    '/etc/issue': { remove: true },
    '/etc/systemd/system/own.service':
      '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n',
    '/etc/systemd/system/never.service':
      '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n',
    // Enabled, and rightly not active: mkma test is not to complain.
    '/etc/systemd/system/once.service':
      '[Service]\\nType=oneshot\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n',
    '/etc/systemd/system/elsewhere.service':
      '[Unit]\\nConditionPathExists=/nowhere\\n[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n',
    '/etc/systemd/system/asleep.service':
      '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=sleep.target\\n',
  },
  users: {
    root: { autologin: replace(['ttyS0']), authorizedKeys: ['${KEY}'] },
    anna: {
      uid: 1234,
      fullName: 'Anna A',
      groups: ['video', 'newgroup'],
      shell: '/usr/bin/zsh',
      password: { hashFile: './hash' },
      authorizedKeys: [{ file: './anna.pub' }],
      autologin: ['tty1'],
      sudo: 'nopasswd',
    },
    robot: { system: true, groups: ['robot'] },
    'www-data': { groups: ['newgroup'] },
  },
  locale: 'de_DE.UTF-8',
  keyboard: { layout: 'de', variant: 'nodeadkeys' },
  timezone: 'Europe/Berlin',
  services: { enable: ['own', 'once', 'elsewhere', 'asleep'], disable: ['never'], mask: ['apt-daily.timer'] },
  persist: { auto: { every: '2h' }, rules: { keep: ['/srv/kept'] }, limits: { largestFile: '1G' } },
  sysctl: { 'vm.swappiness': 11 },
  hooks: [
    { at: 'packages', run: 'dpkg-query --show mkma-local mkma-remote mkma-second > /etc/hook-packages' },
    { at: 'system', run: { script: './hook.sh' } },
    { at: 'system', run: async ({ run }) => void (await run('sh', '-c', 'id anna > /etc/hook-function')) },
    { at: 'system', on: 'host', run: 'echo of the host > "$MKMA_ROOT/etc/hook-host"' },
    { at: 'images', on: 'host', run: 'ls "$MKMA_OUTPUT" > ${folder}/hook-images' },
  ],
  kernel: { from: 'path', image: '${built}/vmlinuz', modules: '${built}/chroot/usr/lib/modules/${release}' },
  cmdline: ['loglevel=4', 'fields.test=1'],
  initramfs: { extraModules: ['dummy'], binaries: ['/usr/bin/bc'] },
  format: 'erofs',
  compressionLevel: 1,
});
`;

/** Commands in the machine, and what each prints. */
const FACTS: readonly (readonly [string, string | RegExp])[] = [
  ['hostname', 'fields'],
  ['mkma-local; mkma-remote; command -v bc', 'mkma-local\nmkma-remote\n/usr/bin/bc'],
  ['cat /etc/hook-packages', 'mkma-local\t1.0\nmkma-remote\t1.0\nmkma-second\t1.0'],
  ['test -e /usr/bin/nano; echo $?; cat /etc/apt/preferences.d/mkma-excluded', /^1\nPackage: nano\n/],
  [
    'cd /etc/apt; echo apt.conf.d/* sources.list.d/*',
    'apt.conf.d/01autoremove apt.conf.d/70debconf sources.list.d/debian.sources sources.list.d/own.sources',
  ],
  ["sed -n 's/^URIs: //p' /etc/apt/sources.list.d/debian.sources", /^http:\/\/mirror.example.org\/debian\n/],
  ['cat /etc/inline /etc/link /etc/template /opt/tree/sub/a', 'inline\ninline\nname=box port=80\nin a tree'],
  [
    'stat -c "%a %U %G" /etc/owned /opt/tree/sub /srv/empty',
    '4750 anna www-data\n750 anna anna\n700 www-data www-data',
  ],
  ['test -e /etc/issue; echo $?; readlink /etc/link', '1\ninline'],
  ['getent passwd anna', 'anna:x:1234:1234:Anna A:/home/anna:/usr/bin/zsh'],
  ['id -Gn anna; id -Gn www-data', 'anna sudo video newgroup\nwww-data newgroup'],
  ['getent shadow anna | cut -d: -f2', HASH.trim()],
  ['getent shadow root robot | cut -d: -f1,2', 'root:!*\nrobot:*'],
  [
    'stat -c "%a %U" /home/anna /home/anna/.ssh /home/anna/.ssh/authorized_keys',
    '700 anna\n700 anna\n600 anna',
  ],
  ['cat /home/anna/.ssh/authorized_keys /root/.ssh/authorized_keys', `${KEY}\n${KEY}`],
  ["su anna -c 'sudo -n id -un'", 'root'],
  ['test -e /home/robot; echo $?', '1'],
  ['loginctl list-sessions --no-legend', /anna +seat0 +\d+ +user +tty1/],
  ['. /etc/default/locale; LC_ALL=$LANG date -d 2026-12-24 +%A', 'Donnerstag'],
  ['readlink /etc/localtime; date -d 2026-12-24T12:00Z +%H%Z', '/usr/share/zoneinfo/Europe/Berlin\n13CET'],
  ['localectl status | grep -E "Layout|Variant"', /Layout: de\n.*Variant: nodeadkeys/],
  ['systemctl is-active own; systemctl is-enabled never apt-daily.timer', 'active\ndisabled\nmasked'],
  ['systemctl is-enabled mkma-persist.timer mkma-persist-shutdown.service', 'enabled\nenabled'],
  [
    'sed 1,2d /usr/lib/mkma/definition.rules',
    '[keep]\n/srv/kept\n\n[limits]\nlargest-file 1G\n\n[auto]\nevery 2h',
  ],
  ['cat /proc/sys/vm/swappiness', '11'],
  [
    'cat /etc/hook-script /etc/hook-function /etc/hook-host',
    /^a script of root\nuid=1234\(anna\).*newgroup\)\nof the host$/,
  ],
  ['grep -c "loglevel=4 fields.test=1" /proc/cmdline', '1'],
  ['ls -A /boot; ls -a / | grep mkma; echo .', '.'],
];

test('every field takes effect in the booted machine', async () => {
  prepare();
  const output = join(folder, 'images');
  const config = join(folder, 'mkma.config.ts');
  const made = await execute(process.execPath, [main, 'build', '--config', config, '--output', output]);
  assert.equal(made.code, 0, made.stderr);
  assert.deepEqual(readFileSync(join(folder, 'hook-images'), 'utf8').split('\n').slice(0, 3), [
    ...['base.erofs', 'chroot', 'cmdline'],
  ]);
  // Nothing that is secret, nor a digest of it by which it could be guessed, but of a hash.
  const state = readFileSync(join(output, '.mkma/state.json'), 'utf8');
  assert.ok(!state.includes(HASH.trim()));

  process.env.MKMA_TEST_IMAGES = output;
  const { Vm } = await import('../vm/harness.js');
  await using vm = await Vm.login();
  await vm.sh('systemctl is-system-running --wait');
  const wrong: string[] = [];
  for (const [command, expected] of FACTS) {
    const text = (await runScript(vm, command)).output.trim();
    const fits = typeof expected === 'string' ? text === expected : expected.test(text);
    if (!fits) wrong.push(`${command}\n${text}\ninstead of ${expected}`);
  }
  assert.deepEqual(wrong, []);
  // In early boot's own tree, not only in the machine's.
  const initramfs = readdirSync(join(output, 'initramfs/usr/bin'));
  assert.ok(initramfs.includes('bc'));

  const again = await execute(process.execPath, [
    main,
    'build',
    '--config',
    config,
    '--output',
    output,
    '--json',
  ]);
  assert.deepEqual((JSON.parse(again.stdout) as { ran: string[] }).ran, [], again.stderr);
});
