/** What apt says of packages, as apt 2.6 and 3.0 of Debian 12 and 13 said it here, in the user's terms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainPackages } from '../../../../src/host/tools/apt-packages.js';

const asked = {
  suite: 'trixie',
  components: ['main'],
  packages: ['systemd-sysv', 'postfix', 'exim4-daemon-light', 'libc6:alpha', 'sysvinit-core=3.14-4'],
  fields: new Map([
    ['systemd-sysv', ['packages', 0]],
    ['postfix', ['packages', 7]],
    ['exim4-daemon-light', ['packages', 8]],
    ['sysvinit-core', ['packages', 9]],
    ['libc6', ['packages', 10]],
  ]),
};
const codeAndField = (output: string) => {
  const { code, field } = explainPackages(output, asked) ?? {};
  return { code, field };
};

const EXIM = `The following packages have unmet dependencies:
 exim4-config : Conflicts: postfix but 3.10.13-0+deb13u1 is to be installed
 exim4-daemon-light : Conflicts: mail-transport-agent
 postfix : Conflicts: mail-transport-agent
E: Unable to correct problems, you have held broken packages.`;

const SYSVINIT = `The following packages have unmet dependencies:
 openrc : Depends: insserv but it is not installable
 systemd-sysv : Conflicts: sysvinit-core but 3.14-4 is to be installed
                Recommends: libnss-systemd but it is not going to be installed
 sysvinit-core : Depends: initscripts but it is not installable
                 Conflicts: systemd-sysv but 257.13-1~deb13u1 is to be installed
E: Unable to correct problems, you have held broken packages.
E: The following information from --solver 3.0 may provide additional context:
   Unable to satisfy dependencies. Reached two conflicting decisions:`;

test('a package that is nowhere in Debian comes with what is known of it', () => {
  const elsewhere = { niri: 'it is over there' };
  const next = (name: string) =>
    explainPackages(`E: Unable to locate package ${name}`, { ...asked, elsewhere })?.next;
  assert.equal(next('niri'), 'it is over there');
  assert.equal(next('nirj'), 'check its name and the components');
});

test('packages that exclude each other are named both, those of the definition first, at the place of the later one', () => {
  assert.deepEqual(codeAndField(EXIM), { code: 'packages-conflict', field: ['packages', 8] });
  assert.equal(
    explainPackages(EXIM, asked)?.what,
    'exim4-daemon-light and postfix cannot be installed together',
  );
  assert.deepEqual(codeAndField(SYSVINIT), { code: 'packages-conflict', field: ['packages', 9] });
  const { what, why } = explainPackages(SYSVINIT, asked) ?? {};
  assert.equal(what, 'systemd-sysv and sysvinit-core cannot be installed together');
  assert.ok(why?.includes('\nsysvinit-core: Conflicts: systemd-sysv but'), why);
});

test('what is not there is told with its field: a package, a version, a suite', () => {
  assert.deepEqual(codeAndField('E: Unable to locate package libc6:alpha'), {
    code: 'no-such-package',
    field: ['packages', 10],
  });
  assert.deepEqual(codeAndField("E: Package 'postfix' has no installation candidate"), {
    code: 'no-such-package',
    field: ['packages', 7],
  });
  assert.deepEqual(codeAndField("E: Version '3.9' for 'sysvinit-core' was not found"), {
    code: 'no-such-version',
    field: ['packages', 9],
  });
  assert.deepEqual(codeAndField("E: Release 'sid' for 'less' was not found"), {
    code: 'no-such-version',
    field: undefined,
  });
});

test('what lacks something that nothing excludes is told with what it lacks; other complaints are not of packages', () => {
  const lacking = `The following packages have unmet dependencies:
 postfix : Depends: ssl-cert but it is not installable
E: Unable to correct problems, you have held broken packages.`;
  assert.deepEqual(codeAndField(lacking), { code: 'packages-unmet', field: ['packages', 7] });
  assert.equal(explainPackages(lacking, asked)?.why, 'postfix: Depends: ssl-cert but it is not installable');
  assert.equal(explainPackages("E: Could not resolve 'm.example'", asked), undefined);
});

test("a package's script that fails: which package, its last lines, the field", () => {
  const output = `Unpacking bad (1) ...
Setting up bad (1) ...
about to fail
dpkg: error processing package bad (--configure):
 installed bad package post-installation script subprocess returned error exit status 7
Errors were encountered while processing:
 bad
E: Sub-process env returned an error code (1)`;
  const fields = new Map([['bad', ['packages', 3]]]);
  const found = explainPackages(output, { suite: 'trixie', components: ['main'], packages: ['bad'], fields });
  assert.equal(found?.code, 'package-not-installed');
  assert.equal(found?.where, 'package bad');
  assert.deepEqual(found?.field, ['packages', 3]);
  assert.deepEqual(found?.why?.split('\n'), [
    'installed bad package post-installation script subprocess returned error exit status 7',
    'Unpacking bad (1) ...',
    'Setting up bad (1) ...',
    'about to fail',
  ]);
});
