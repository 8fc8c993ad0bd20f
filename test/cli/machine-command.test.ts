/** The command of a machine: the link to its own program, unless the Debian package of mkma is installed there. */
import assert from 'node:assert/strict';
import { mkdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installProgram } from '../../src/host/customise/machine-program.js';
import { TreeFiles } from '../../src/host/sys/tree-files.js';
import { repository, temporary } from './cli.js';

const programs = join(repository, 'dist/guest');

test('mkma on the machine is a link to the program that looks after it', () => {
  using folder = temporary();
  installProgram(new TreeFiles(folder.path), programs);
  assert.equal(readlinkSync(join(folder.path, 'usr/bin/mkma')), '../lib/mkma/mkma');
  assert.equal(statSync(join(folder.path, 'usr/bin/mkma')).mode & 0o777, 0o755);
});

test("a machine with the Debian package keeps that package's command, and has the program beside it", () => {
  using folder = temporary();
  const packaged = 'usr/share/mkma/dist/host/mkma';
  mkdirSync(join(folder.path, packaged, '..'), { recursive: true });
  mkdirSync(join(folder.path, 'usr/bin'));
  writeFileSync(join(folder.path, packaged), '');
  symlinkSync(`../${packaged.slice('usr/'.length)}`, join(folder.path, 'usr/bin/mkma'));
  installProgram(new TreeFiles(folder.path), programs);
  assert.equal(readlinkSync(join(folder.path, 'usr/bin/mkma')), '../share/mkma/dist/host/mkma');
  assert.equal(statSync(join(folder.path, 'usr/lib/mkma/mkma')).mode & 0o777, 0o755);
});
