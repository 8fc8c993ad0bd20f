import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isCarried,
  namespacedCapability,
  opaqueMark,
  parseAttributes,
  renderAttributes,
} from '../../../../src/core/archive/attributes.js';
import { encodeName } from '../../../../src/core/text/path.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (ch) => ch.charCodeAt(0));

test('a dump of getfattr: odd names, empty values, and marks of an overlay left out', () => {
  // As getfattr 2.5.1 prints them: backslash, line feed and = as octal, every other byte as it is.
  const dump = bytes(
    '# file: a b/\xff\nuser.\xff=0sAQ==\n\n# file: a b/n\\012l\nuser.q=0sImE=\n\n# file: back\\134slash\nuser.e=0s\nuser.x\\075y=0sdg==\n\n' +
      '# file: only/marks\ntrusted.overlay.opaque=0seQ==\nsecurity.selinux=0seA==\n\n# file: .\nsecurity.capability=0sAQAA\n\n',
  );
  assert.deepEqual(parseAttributes(dump), [
    { path: 'a b/\udcff', values: { 'user.\udcff': 'AQ==' } },
    { path: 'a b/n\nl', values: { 'user.q': 'ImE=' } },
    { path: 'back\\slash', values: { 'user.e': '', 'user.x=y': 'dg==' } },
    { path: '.', values: { 'security.capability': 'AQAA' } },
  ]);
});

test('what is rendered is what is read', () => {
  const files = [
    { path: 'é/\udcfe\\012', values: { 'user.a=\n': 'AQ==', 'user.\udc80': '' } },
    { path: 'x\r', values: { 'system.posix_acl_access': 'AgAA' } },
  ];
  assert.deepEqual(parseAttributes(renderAttributes(files)), files);
  assert.deepEqual(
    renderAttributes([opaqueMark('d')]),
    encodeName('# file: d\ntrusted.overlay.opaque=0seQ==\n\n'),
  );
  // setfattr takes no empty value in base64.
  assert.deepEqual(
    renderAttributes([{ path: 'e', values: { 'user.e': '' } }]),
    encodeName('# file: e\nuser.e=""\n\n'),
  );
});

test('what belongs to a file and what to the machine it lies on', () => {
  for (const name of [
    'security.capability',
    'system.posix_acl_default',
    'user.any',
    'trusted.any',
    'user.overlay.opaque',
    'trusted.overlay.overlay.opaque',
  ]) {
    assert.ok(isCarried(name), name);
  }
  for (const name of [
    'security.selinux',
    'security.ima',
    'trusted.overlay.origin',
    'trusted.overlay.opaque',
  ]) {
    assert.ok(!isCarried(name), name);
  }
});

test('capabilities of a user namespace are recognised by their version', () => {
  const of = (value: string) =>
    namespacedCapability([{ path: 'a', values: { 'security.capability': value } }]);
  // cap_net_raw=ep as setcap stores it, for the host's root and with the root id 300000 of a namespace.
  assert.equal(of('AQAAAgAgAAAAAAAAAAAAAAAAAAA='), undefined);
  assert.equal(of('AQAAAwAgAAAAAAAAAAAAAAAAAADgkwQA'), 'a');
  assert.equal(namespacedCapability([{ path: 'b', values: { 'user.x': 'AQAAAw==' } }]), undefined);
});
