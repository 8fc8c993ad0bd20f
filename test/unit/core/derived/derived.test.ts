/** Which files are made from which, and which of them early boot’s mark asks for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileType } from '../../../../src/core/archive/tree.js';
import { derivedRole } from '../../../../src/core/derived/derived.js';
import {
  type DerivedMark,
  markOf,
  remakeOfMerged,
  type Touched,
  toRemake,
} from '../../../../src/core/derived/mark.js';

const role = (path: string, type: FileType = 'f'): string | undefined => {
  const found = derivedRole(path, type);
  return found === undefined ? undefined : `${found.role} ${found.of.name}`;
};

test('paths of caches, of what they are made from, and others', () => {
  const expected: Readonly<Record<string, string | undefined>> = {
    'etc/ld.so.cache': 'made ld.so.cache',
    'etc/ld.so.conf.d/x.conf': 'from ld.so.cache',
    'usr/lib/x86_64-linux-gnu/libz.so.1': 'from ld.so.cache',
    'usr/local/lib/libz.so': 'from ld.so.cache',
    'usr/lib/python3/dist-packages/libx.so': undefined,
    'usr/lib/x86_64-linux-gnu/perl/auto/x.so': undefined,
    'usr/share/mime/globs2': 'made mime.cache',
    'usr/share/mime/text/x.xml': 'made mime.cache',
    'usr/share/mime/packages/x.xml': 'from mime.cache',
    'usr/share/applications/mimeinfo.cache': 'made mimeinfo.cache',
    'usr/share/applications/x.desktop': 'from mimeinfo.cache',
    'usr/share/icons/hicolor/icon-theme.cache': 'made icon-theme.cache',
    'usr/share/icons/hicolor/48x48/apps/x.png': 'from icon-theme.cache',
    'usr/lib/x86_64-linux-gnu/gdk-pixbuf-2.0/2.10.0/loaders.cache': 'made loaders.cache',
    'usr/lib/x86_64-linux-gnu/gdk-pixbuf-2.0/2.10.0/loaders/x.so': 'from loaders.cache',
    'usr/lib/x86_64-linux-gnu/gio/modules/giomodule.cache': 'made giomodule.cache',
    'etc/ssl/certs/ssl-cert-snakeoil.pem': undefined,
    'etc/ssl/certs/ca-certificates.crt': 'made ca-certificates.crt',
    'usr/local/share/ca-certificates/own.crt': 'from ca-certificates.crt',
    'srv/etc/ld.so.cache': undefined,
  };
  for (const [path, what] of Object.entries(expected)) assert.equal(role(path), what, path);
  assert.equal(role('etc/ssl/certs/own.pem', 'l'), 'made ca-certificates.crt');
  // Folders are there for what is in them.
  assert.equal(role('usr/share/icons/hicolor/48x48', 'd'), undefined);
});

const mark = (fields: Partial<DerivedMark>): DerivedMark => ({
  ...{ format: 1, layers: ['a', 'b', 'c'], others: [], without: {} },
  ...fields,
});
const names = (fields: Partial<DerivedMark>, ...touched: Touched[]): string[] =>
  toRemake(mark(fields), touched).map(({ name }) => name);

test('no mark where each layer is on what it was made on, and has what belongs to it', () => {
  const layer = { name: 'a', onKnown: true, remake: [] };
  assert.equal(markOf([layer]), undefined);
  assert.deepEqual(markOf([{ ...layer, onKnown: false }]), mark({ layers: ['a'], others: ['a'] }));
  assert.deepEqual(
    markOf([
      { ...layer, remake: ['catalog'] },
      { ...layer, name: 'b', remake: ['catalog'] },
    ]),
    mark({ layers: ['a', 'b'], without: { catalog: 'b' } }),
  );
});

test('of merged layers: what a higher one has is there', () => {
  const has = [{ path: 'var/lib/systemd/catalog/database', type: 'f' }] as const;
  const lacks = { remake: ['catalog'], entries: [] };
  assert.deepEqual(remakeOfMerged([lacks, { remake: [], entries: [] }]), ['catalog']);
  assert.deepEqual(remakeOfMerged([lacks, { remake: [], entries: has }]), []);
  assert.deepEqual(remakeOfMerged([{ remake: [], entries: has }, lacks]), ['catalog']);
});

test('on other images: what any layer, or what was composed, has to do with', () => {
  assert.deepEqual(names({ others: ['a'] }), []);
  assert.deepEqual(
    names(
      { others: ['a'] },
      { layer: 'composed', name: 'catalog', role: 'from' },
      { layer: 'c', name: 'ld.so.cache', role: 'made' },
    ),
    ['ld.so.cache', 'catalog'],
  );
});

test('saved without it: until a layer above has it', () => {
  const without = { without: { catalog: 'b' } };
  assert.deepEqual(names(without), ['catalog']);
  assert.deepEqual(names(without, { layer: 'b', name: 'catalog', role: 'made' }), ['catalog']);
  assert.deepEqual(names(without, { layer: 'c', name: 'catalog', role: 'from' }), ['catalog']);
  assert.deepEqual(names(without, { layer: 'c', name: 'catalog', role: 'made' }), []);
});
