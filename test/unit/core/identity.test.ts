/** Who a machine is: ids of hardware that are none, the machine-id from one that is, and which identity applies. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  IDENTITY_FOLDERS,
  IDENTITY_KINDS,
  identityKind,
  identityPart,
} from '../../../src/core/identity/files.js';
import { hardwareId, machineIdFrom, realSerial, realUuid } from '../../../src/core/identity/hardware.js';
import { type IdentityMark, isIdentityMark, judgeIdentities } from '../../../src/core/identity/mark.js';
import { parseRules } from '../../../src/core/rules/rules.js';
import { parentOf } from '../../../src/core/text/path.js';
import { Decider } from '../../../src/guest/mkma/persist/decider.js';

const UUID = '7e1c3d52-90ab-4c1d-8f3e-2b4a5c6d7e8f';

test('placeholders of firmware are no ids', () => {
  for (const bad of [
    '',
    'Not Settable',
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '11111111-1111-1111-1111-111111111111',
    'fefefefe-fefe-fefe-fefe-fefefefefefe',
    'deadbeef-dead-beef-dead-beefdeadbeef',
    '03000200-0400-0500-0006-000700080009',
    '00020003-0004-0005-0006-000700080009',
    '03000200-0400-0500-0006-000700080009\n',
    '00010203-0405-0607-0809-0A0B0C0D0E0F',
    '03020100-0504-0706-0809-0a0b0c0d0e0f',
    '12345678-1234-5678-90AB-CDDEEFAABBCC',
    '4C4C4544-0000-2010-8020-80C04F202020',
    `${UUID}0`,
  ])
    assert.equal(realUuid(bad), undefined, bad);
  assert.equal(realUuid(`${UUID.toUpperCase()}\n`), UUID);
  assert.equal(realUuid('4c4c4544-0042-3510-8052-b3c04f4b4e32'), '4c4c4544-0042-3510-8052-b3c04f4b4e32');
  for (const bad of [
    ...['To be filled by O.E.M.', 'Default string', 'None', 'Not Specified', 'System Serial Number'],
    ...['0000000000', 'XXXXXXXXX', '........', '123456789', '0123456789', 'N/A', 'Chassis Serial', 'ab12'],
  ])
    assert.equal(realSerial(bad), undefined, bad);
  assert.equal(realSerial('PF2ABC9X\n'), 'PF2ABC9X');
  // Random ones have many digits; those that a generator prefers may have few, as placeholders do.
  const uuids = fc.uuid({ version: 4 }).filter((uuid) => new Set(uuid.replaceAll('-', '')).size >= 6);
  fc.assert(fc.property(uuids, (uuid) => realUuid(uuid) === uuid));
});

test('without a UUID of its own hardware has its serial number, among those of its model', () => {
  const dmi = (files: Readonly<Record<string, string>>) => (path: string) =>
    files[path.replace('/sys/class/dmi/id/', '').replace('/sys/firmware/devicetree/base/', 'dt ')];
  assert.equal(hardwareId(dmi({ product_uuid: UUID, product_serial: 'PF2ABC9X' })), `uuid ${UUID}`);
  const bad = { product_uuid: '03000200-0400-0500-0006-000700080009', product_serial: 'Default string' };
  assert.equal(hardwareId(dmi(bad)), undefined);
  const board = { ...bad, board_vendor: 'Acme\n', board_name: 'B1\n', board_serial: 'M80-C4123\n' };
  assert.equal(hardwareId(dmi(board)), 'serial\nAcme\nB1\nM80-C4123');
  const raspberry = { 'dt serial-number': '10000000abcdef12\0', 'dt model': 'Raspberry Pi 4\0' };
  assert.equal(hardwareId(dmi(raspberry)), 'serial\nRaspberry Pi 4\n10000000abcdef12');
});

test('a machine-id is marked as a random UUID', () => {
  const id = machineIdFrom('f'.repeat(64));
  assert.equal(id, 'ffffffffffff4fffbfffffffffffffff');
  assert.equal(machineIdFrom('0'.repeat(64)), '00000000000040008000000000000000');
});

test('marks in manifests', () => {
  const [good, bad] = [
    [{ bound: 'medium' }, { bound: 'machine' }, { bound: 'machine', hardware: 'a'.repeat(64) }],
    [
      {},
      null,
      { bound: 'all' },
      { bound: 'machine', hardware: 'a' },
      { bound: 'medium', hardware: 'a'.repeat(64) },
    ],
  ];
  assert.deepEqual(good?.map(isIdentityMark), [true, true, true]);
  assert.ok(bad?.every((one) => !isIdentityMark(one)));
});

test('of identities that apply on the hardware the last one counts', () => {
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
  const marks: Readonly<Record<string, IdentityMark>> = {
    A1: { bound: 'machine', hardware: a },
    B1: { bound: 'machine', hardware: b },
    A2: { bound: 'machine', hardware: a },
    any: { bound: 'medium' },
    none: { bound: 'machine' },
  };
  const judged = (names: string, here: { digest?: string } | undefined, forced = ''): string => {
    const layers = names.split(' ').map((name) => ({
      ...{ name, file: name, mark: marks[name] as IdentityMark },
      forced: name === forced,
    }));
    const problems = judgeIdentities(layers, here);
    return layers
      .map(
        ({ name }) =>
          problems.get(name)?.code.replace('identity-', '').replace('of-another-machine', 'elsewhere') ??
          name,
      )
      .join(' ');
  };
  assert.equal(judged('A1 B1 A2', { digest: a }), 'replaced elsewhere A2');
  assert.equal(judged('A1 B1 A2', { digest: b }), 'elsewhere B1 elsewhere');
  assert.equal(judged('A1 any', { digest: a }), 'replaced any');
  assert.equal(judged('any A1', { digest: a }), 'replaced A1');
  assert.equal(judged('any A1', { digest: b }), 'any elsewhere');
  assert.equal(judged('none A1', {}), 'none elsewhere');
  assert.equal(judged('none A1', { digest: a }), 'elsewhere A1');
  assert.equal(judged('A1 B1 A2', undefined), 'replaced B1 A2');
  assert.equal(judged('A1 B1', { digest: a }, 'B1'), 'replaced B1');
});

test('the shipped rules drop each file of an identity, and nothing else of its folders', () => {
  const parsed = parseRules(readFileSync('src/guest/persist.rules', 'utf8'), 'persist.rules');
  assert.ok(parsed.ok);
  const decider = new Decider(parsed.value.rules);
  const files = [
    ...['etc/machine-id', 'etc/hostname', 'etc/machine-info', 'etc/ssh/ssh_host_rsa_key'],
    ...[
      'etc/ssh/ssh_host_rsa_key.pub',
      'etc/ssh/ssh_host_rsa_key-cert.pub',
      'etc/dropbear/dropbear_rsa_host_key',
    ],
    ...['etc/tinyssh/sshkeydir/ed25519.pk', 'var/lib/dbus/machine-id', 'var/lib/dhcpcd/duid'],
    ...['var/lib/dhcpcd/secret', 'var/lib/dhcp/dhclient.eth0.leases', 'var/lib/NetworkManager/secret_key'],
    ...['etc/iscsi/initiatorname.iscsi', 'etc/nvme/hostnqn', 'etc/nvme/hostid'],
    ...['var/lib/systemd/credential.secret', 'var/lib/dkms/mok.key', 'var/lib/dkms/mok.pub'],
  ];
  for (const path of files) {
    assert.equal(decider.decide(path, false)?.keeps, false, path);
    assert.ok(IDENTITY_FOLDERS.includes(parentOf(path)), path);
  }
  assert.deepEqual(new Set(files.map(identityKind)), new Set(IDENTITY_KINDS.map(({ what }) => what)));
  for (const path of [
    'etc/ssh/sshd_config',
    'etc/hosts',
    'etc/iscsi/iscsid.conf',
    'var/lib/systemd/timers/stamp-x',
  ]) {
    assert.equal(decider.decide(path, false), undefined, path);
    assert.equal(identityKind(path), undefined);
  }
});

test('rules about its folders, or about everything, are not about the identity; those that name it are', () => {
  const shipped = readFileSync('src/guest/persist.rules', 'utf8');
  const keeps = (rules: string, path = 'etc/ssh/ssh_host_rsa_key'): boolean | undefined => {
    const [first, own] = [parseRules(shipped, 'shipped'), parseRules(rules, 'own')];
    assert.ok(first.ok && own.ok);
    return new Decider([...first.value.rules, ...own.value.rules]).decide(path, false)?.keeps;
  };
  for (const rules of ['[keep]\n/etc/\n', '[keep]\nclass:all\n', '[keep]\n/etc/ssh/\nclass:configuration\n'])
    assert.equal(keeps(rules), false, rules);
  for (const rules of ['[keep]\nclass:identity\n', '[keep]\n/etc/ssh/ssh_host_*\n', '[keep]\n/etc/ssh/*\n'])
    assert.equal(keeps(rules), true, rules);
  assert.equal(keeps('[keep]\n/etc/\n', 'etc/ssh/sshd_config'), true);
  assert.equal(keeps('[drop]\n/etc/\n'), false);
});

test("of dhclient's leases the identifier alone is the identity", () => {
  const leases = 'var/lib/dhcp/dhclient.leases';
  assert.equal(identityPart(leases, 'lease {\n  x;\n}\n'), undefined);
  assert.equal(
    identityPart(leases, 'default-duid "\\000";\nlease {\n  x;\n}\ndefault-duid "\\001";\n'),
    'default-duid "\\001";\n',
  );
  assert.equal(identityPart('etc/machine-id', 'x\n'), 'x\n');
});
