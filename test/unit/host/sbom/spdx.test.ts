/** The list of packages: what is in it, and that it follows the JSON schema of SPDX 2.3 (schemas/spdx-schema.json). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { licencesIn } from '../../../../src/host/sbom/licences.js';
import { parseStatus, parseTaken } from '../../../../src/host/sbom/packages.js';
import { purlOf, spdxText } from '../../../../src/host/sbom/spdx.js';

const STATUS = `Package: libc++1
Status: install ok installed
Maintainer: Someone <someone@example.org>
Architecture: amd64
Source: llvm (1:19.1-3)
Version: 1:19.1-3+b1
Homepage: https://example.org/
Description: a library
 Version: not this one

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1.0

Package: adduser
Status: install ok installed
Architecture: all
Version: 3.152
`;

const system = parseStatus(STATUS);
const listed = {
  ...{ name: 'box', id: 'sha256:ab', suite: 'trixie', created: 1_700_000_000, version: '1.0', system },
  kernel: parseTaken('linux-image-6.12+deb13-amd64 6.12-1 amd64\n'),
  early: [...parseTaken('kmod 34.2-2 amd64\nolder 1.0\n'), ...system.slice(0, 1)],
};

/** Properties of a package that the schema allows; it requires the first three. */
const ALLOWED = new Set([
  ...['SPDXID', 'downloadLocation', 'name', 'versionInfo', 'supplier', 'originator', 'filesAnalyzed'],
  ...['homepage', 'sourceInfo', 'licenseConcluded', 'licenseDeclared', 'licenseComments', 'copyrightText'],
  ...['externalRefs', 'primaryPackagePurpose'],
]);

test('what is installed is listed, with epochs and source packages; what was removed is not', () => {
  assert.deepEqual(
    system.map(({ name, version }) => `${name} ${version}`),
    ['adduser 3.152', 'libc++1 1:19.1-3+b1'],
  );
  assert.deepEqual(system[1]?.source, { name: 'llvm', version: '1:19.1-3' });
  assert.deepEqual(system[0]?.source, { name: 'adduser', version: '3.152' });
});

test('package URLs have epoch, architecture and suite', () => {
  assert.equal(
    purlOf(system[1] ?? { name: '' }, 'trixie'),
    'pkg:deb/debian/libc%2B%2B1@1:19.1-3%2Bb1?arch=amd64&distro=trixie',
  );
});

test('the document follows the schema, and every element is described once', () => {
  const document = JSON.parse(spdxText(listed));
  assert.deepEqual(Object.keys(document).sort(), [
    ...['SPDXID', 'creationInfo', 'dataLicense', 'documentNamespace', 'name', 'packages', 'relationships'],
    'spdxVersion',
  ]);
  assert.equal(document.creationInfo.created, '2023-11-14T22:13:20Z');
  assert.ok(!/#/.test(document.documentNamespace) && URL.canParse(document.documentNamespace));
  const ids: string[] = document.packages.map(({ SPDXID }: { SPDXID: string }) => SPDXID);
  assert.equal(new Set(ids).size, ids.length);
  for (const one of document.packages) {
    assert.deepEqual(
      Object.keys(one).filter((name) => !ALLOWED.has(name)),
      [],
    );
    assert.match(one.SPDXID, /^SPDXRef-[a-zA-Z0-9.-]+$/);
    assert.ok(one.name !== '' && one.downloadLocation === 'NOASSERTION');
    assert.ok(!/\s/.test(one.externalRefs?.[0]?.referenceLocator ?? ''));
  }
  for (const { spdxElementId, relatedSpdxElement } of document.relationships)
    for (const id of [spdxElementId, relatedSpdxElement])
      assert.ok(id === 'SPDXRef-DOCUMENT' || ids.includes(id), id);
  const within = (part: string) =>
    document.relationships
      .filter((one: { spdxElementId: string }) => one.spdxElementId === part)
      .map((one: { relatedSpdxElement: string }) => one.relatedSpdxElement);
  assert.deepEqual(within('SPDXRef-Kernel'), ['SPDXRef-Package-linux-image-6.12-deb13-amd64-amd64']);
  assert.ok(within('SPDXRef-Initramfs').includes('SPDXRef-Package-adduser-all'));
  assert.equal(spdxText(listed), spdxText(listed));
});

test('licences are those that Debian names, as far as SPDX has them', () => {
  const of = (...names: string[]): string =>
    licencesIn(
      `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n${names
        .map((name, i) => `Files: ${i}\nLicense: ${name}\n text`)
        .join('\n\n')}\n\nLicense: Unused\n text\n`,
    ).expression;
  assert.equal(of('GPL-2+'), 'GPL-2.0-or-later');
  assert.equal(of('Expat', 'GPL-2', 'Expat'), 'GPL-2.0-only AND MIT');
  assert.equal(of('GPL-1+ or Artistic', 'Zlib'), '(GPL-1.0-or-later OR Artistic-1.0-Perl) AND Zlib');
  assert.equal(of('Expat', 'public-domain'), 'NOASSERTION');
  assert.equal(licencesIn('This package is free software: GPL-2+').expression, 'NOASSERTION');
});
