/** Which services a machine under test has to run, and when one that does not is excused. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { machineSchema } from '../../../../src/host/definition/machine.js';
import { expectedServices } from '../../../../src/host/qemu/services.js';

function expected(fields: object) {
  return expectedServices(machineSchema.parse({ hostname: 'box', ...fields }));
}

test('what machines run unless they say otherwise, and what they enable', () => {
  const packages = ['systemd-sysv', 'dbus-broker=36-1', 'libpam-systemd', 'udev/trixie-backports'];
  const all = [
    'systemd-journald.service',
    'dbus-broker.service',
    'systemd-logind.service',
    'systemd-udevd.service',
    'getty@tty1.service',
    'serial-getty@ttyS0.service',
  ];
  assert.deepEqual(expected({ packages }), { always: all, enabled: [] });
  const services = {
    enable: [
      'nginx',
      'ssh.service',
      'own.timer',
      'own.socket',
      'vpn@.service',
      'vpn@home',
      'nginx.service',
      'off',
    ],
    disable: ['serial-getty@ttyS0', 'off'],
    mask: ['getty@tty1.service'],
  };
  assert.deepEqual(expected({ packages: [], services }), {
    always: ['systemd-journald.service'],
    enabled: ['nginx.service', 'ssh.service', 'vpn@home.service'],
  });
});

const folder = mkdtempSync(join(tmpdir(), 'mkma-services-'));
after(() => rmSync(folder, { recursive: true }));

/** The check's verdict, where systemctl knows these properties of units. */
function verdict(units: Readonly<Record<string, Readonly<Record<string, string>>>>, lists: string) {
  const answers = Object.entries(units).flatMap(([unit, properties]) =>
    Object.entries(properties).map(([name, value]) => `"${unit} ${name}") value='${value}';;`),
  );
  const script = [
    'systemctl() {',
    '  verb=$1; shift; [ "$1" != --quiet ] || { quiet=1; shift; }',
    '  if [ $verb = show ]; then shift; key="$3 $2"; else key="$1 ActiveState"; fi',
    `  case $key in ${answers.join('\n')} *) value=;; esac`,
    '  if [ $verb = is-active ]; then [ -n "$value" ] || value=inactive; [ -n "$quiet" ] || echo $value; quiet=; [ $value = active ]; return; fi',
    '  echo "$value"',
    '}',
    lists,
    /^services\(\) \{[\s\S]*?(?=^root_is_overlay)/m.exec(
      readFileSync(new URL('../../../../src/host/qemu/checks.sh', import.meta.url), 'utf8'),
    )?.[0],
    'services',
  ].join('\n');
  const file = join(folder, 'check.sh');
  writeFileSync(file, script);
  const { status, stdout, stderr } = spawnSync('sh', [file], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return [status, stdout.trim()];
}

test('which of them need not be active', () => {
  const active = { ActiveState: 'active' };
  const units = {
    'a.service': active,
    'multi-user.target': active,
    'done.service': {
      Type: 'oneshot',
      Result: 'success',
      InactiveExitTimestampMonotonic: '7',
      WantedBy: 'multi-user.target',
    },
    'notrun.service': {
      Type: 'oneshot',
      Result: 'success',
      InactiveExitTimestampMonotonic: '0',
      WantedBy: 'multi-user.target',
    },
    'elsewhere.service': {
      ConditionResult: 'no',
      ConditionTimestampMonotonic: '7',
      WantedBy: 'multi-user.target',
    },
    'unasked.service': { ConditionResult: 'no', ConditionTimestampMonotonic: '0', WantedBy: 'sleep.target' },
    'died.service': {
      Type: 'simple',
      Result: 'success',
      ConditionResult: 'yes',
      RequiredBy: 'multi-user.target',
    },
    'bad.service': { ActiveState: 'failed', WantedBy: 'multi-user.target' },
  };
  const list = (always: string, enabled: string) => `SERVICES='${always}'\nENABLED='${enabled}'`;
  assert.deepEqual(verdict(units, list('a.service', '')), [0, 'a.service']);
  const excused = 'a.service done.service elsewhere.service unasked.service';
  assert.deepEqual(verdict(units, list('a.service', excused)), [0, `a.service ${excused}`]);
  // What every machine runs has no excuse but one.
  assert.deepEqual(verdict(units, list('done.service', '')), [1, 'done.service is inactive;']);
  assert.deepEqual(verdict(units, list('a.service', 'notrun.service died.service bad.service')), [
    1,
    'notrun.service is inactive; died.service is inactive; bad.service is failed;',
  ]);
  assert.deepEqual(verdict(units, list('getty@tty1.service', '')), [1, 'getty@tty1.service is inactive;']);
  const graphical = { ...units, 'display-manager.service': active };
  assert.deepEqual(verdict(graphical, list('getty@tty1.service', '')), [0, 'getty@tty1.service']);
});
