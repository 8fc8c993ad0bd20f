/** Container engines among the packages: what they bring along, and how a definition says otherwise. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { unnamedEngines } from '../../../../src/host/customise/engine-unnamed.js';
import { type ResolvedMachine, resolveMachine } from '../../../../src/host/definition/resolve.js';
import { summarise } from '../../../../src/host/verbs/summary.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-containers-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function resolved(fields: unknown): Promise<ResolvedMachine> {
  const config = join(folder, 'mkma.config.json');
  writeFileSync(config, JSON.stringify(fields, null, 2));
  const found = await resolveMachine({ config });
  assert.ok(found.ok, JSON.stringify(found));
  return found.value;
}

/** Volumes by their sizes, and packages without those of the preset. */
async function broughtAlong(fields: Readonly<Record<string, unknown>>) {
  const { packages, ramVolumes } = (await resolved({ extends: [], ...fields })).machine;
  const sizes = Object.entries(ramVolumes).map(([path, volume]) => [
    path,
    volume === false ? false : volume.size,
  ]);
  return { packages, volumes: Object.fromEntries(sizes) };
}

const ROOTFUL = '/var/lib/containers';
const ADA = '/home/ada/.local/share/containers';
const NEEDS = [
  ...['uidmap', 'dbus-user-session', 'passt', 'nftables', 'aardvark-dns', 'catatonit', 'ca-certificates'],
];

test('podman brings along what it needs, and a store for root and for each user with a login', async () => {
  const machine = await resolved({ packages: ['podman'], users: { ada: {} } });
  assert.deepEqual(machine.machine.packages.slice(-8), ['podman', ...NEEDS]);
  assert.deepEqual(machine.machine.ramVolumes, {
    [ROOTFUL]: { size: '30%', mode: '0755' },
    [ADA]: { size: '30%', mode: '0700', owner: 'ada' },
  });
  const { fields } = summarise(machine, false);
  const from = (text: string) => fields.find(({ name, value }) => name === text || value === text)?.from;
  assert.equal(from('uidmap'), 'because of podman');
  assert.equal(from(`ramVolumes["${ROOTFUL}"].size`), 'because of podman');
  assert.match(from('podman') ?? '', /mkma\.config\.json:\d+$/);
});

test('users share what one would have; those without a login have none', async () => {
  const users = {
    ...{ root: { autologin: ['tty1'] }, ada: {}, bob: { home: '/srv/bob' } },
    ...{ daemon2: { system: true }, mute: { shell: '/usr/sbin/nologin' } },
  };
  const { volumes } = await broughtAlong({ packages: ['podman=5.4.2+ds1-2+b2'], users });
  const bob = '/srv/bob/.local/share/containers';
  assert.deepEqual(volumes, { [ROOTFUL]: '30%', [ADA]: '15%', [bob]: '15%' });
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`user${i}`, {}]));
  const crowded = await broughtAlong({ packages: ['podman'], users: many });
  assert.equal(crowded.volumes['/home/user7/.local/share/containers'], '1%');
});

test('the user of a preset has one too', async () => {
  const { machine } = await resolved({ extends: ['desktop'], packages: ['podman'] });
  assert.deepEqual(machine.ramVolumes['/home/user/.local/share/containers'], {
    ...{ size: '30%', mode: '0700', owner: 'user' },
  });
});

test('docker and containerd have stores of their own, and one that several use is there once', async () => {
  const docker = { '/var/lib/docker': '30%', '/var/lib/containerd': '30%' };
  for (const packages of [['docker.io'], ['docker-ce'], ['docker.io', 'containerd']]) {
    assert.deepEqual((await broughtAlong({ packages, users: { ada: {} } })).volumes, docker);
  }
  const both = await broughtAlong({ packages: ['docker.io', 'podman'] });
  assert.deepEqual(both.volumes, { ...docker, [ROOTFUL]: '30%' });
  assert.deepEqual(both.packages, ['docker.io', 'podman', ...NEEDS, 'docker-cli']);
  const machine = await resolved({ packages: ['docker.io', 'containerd'] });
  const { fields } = summarise(machine, false);
  const store = fields.find(({ name }) => name === 'ramVolumes["/var/lib/containerd"].size');
  assert.equal(store?.from, 'because of docker.io');
});

const SAID: readonly [what: string, fields: Record<string, unknown>, volumes: Record<string, unknown>][] = [
  ['no engine', { packages: ['nano'] }, {}],
  ['an engine that is excluded', { packages: ['podman'], excludePackages: ['podman'] }, {}],
  ['a size of its own', { ramVolumes: { [ROOTFUL]: { size: '4G' } } }, { [ROOTFUL]: '4G', [ADA]: '30%' }],
  ['none', { ramVolumes: { [ROOTFUL]: false, [ADA]: false } }, { [ROOTFUL]: false, [ADA]: false }],
  ['a disk above', { mounts: { '/home': { device: 'LABEL=home' } } }, { [ROOTFUL]: '30%' }],
  ['no disk above', { mounts: { '/home': false } }, { [ROOTFUL]: '30%', [ADA]: '30%' }],
  ['a volume above', { ramVolumes: { '/home': { size: '2G' } } }, { '/home': '2G', [ROOTFUL]: '30%' }],
  ['no volume above', { ramVolumes: { '/home': false } }, { '/home': false, [ROOTFUL]: '30%', [ADA]: '30%' }],
  [
    'a name that only begins alike',
    { ramVolumes: { '/var/lib/cont': { size: '2G' } } },
    {
      ...{ '/var/lib/cont': '2G', [ROOTFUL]: '30%', [ADA]: '30%' },
    },
  ],
  ['files in the store', { files: { [`${ROOTFUL}/storage/x`]: 'y' } }, { [ADA]: '30%' }],
];

for (const [what, fields, volumes] of SAID) {
  test(`what the definition says stays: ${what}`, async () => {
    const found = await broughtAlong({ packages: ['podman'], users: { ada: {} }, ...fields });
    assert.deepEqual(found.volumes, volumes);
  });
}

test('packages that the definition names or excludes are not named again', async () => {
  const { packages } = await broughtAlong({
    packages: ['passt/sid', 'podman', 'uidmap'],
    excludePackages: ['aardvark-dns'],
  });
  const needs = NEEDS.filter((name) => !['passt', 'uidmap', 'aardvark-dns'].includes(name));
  assert.deepEqual(packages, ['passt/sid', 'podman', 'uidmap', ...needs]);
});

test('a fault beside an engine is the only one that is reported', async () => {
  writeFileSync(join(folder, 'wrong.json'), JSON.stringify({ packages: ['podman'], users: 'ada' }));
  const found = await resolveMachine({ config: join(folder, 'wrong.json') });
  assert.ok(!found.ok);
  assert.equal(found.problem.what, 'users must be an object, not "ada"');
  assert.equal(found.problem.why, undefined);
});

test('an engine that only came along with another package is warned of', async () => {
  const root = join(folder, 'tree');
  mkdirSync(join(root, 'var/lib/dpkg/info'), { recursive: true });
  const told = async (fields: Readonly<Record<string, unknown>>) => {
    const { machine } = await resolved({ extends: [], ...fields });
    return unnamedEngines(root, machine).map(({ code, where, what }) => [code, where, what]);
  };
  assert.deepEqual(await told({}), []);
  writeFileSync(join(root, 'var/lib/dpkg/info/podman.list'), '');
  const warning = ['engine-without-store', ROOTFUL, 'podman cannot run containers'];
  assert.deepEqual(await told({ packages: ['distrobox'] }), [warning]);
  assert.deepEqual(await told({ packages: ['distrobox', 'podman'] }), []);
  assert.deepEqual(await told({ packages: ['distrobox'], ramVolumes: { [ROOTFUL]: false } }), []);
  // docker.io brings containerd along, and a store for both.
  writeFileSync(join(root, 'var/lib/dpkg/info/containerd.list'), '');
  assert.deepEqual(await told({ packages: ['docker.io', 'podman'] }), []);
});

test('buildah alone has what it runs commands with', async () => {
  const { packages, volumes } = await broughtAlong({ packages: ['buildah'], users: { ada: {} } });
  assert.ok(packages.includes('crun') && packages.includes('passt'));
  assert.deepEqual(volumes, { [ROOTFUL]: '30%', [ADA]: '30%' });
});
