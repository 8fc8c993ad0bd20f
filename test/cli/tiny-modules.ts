/** A machine with kernel modules of every origin there is, and packages of headers, of the kernel itself, and of another architecture. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The modules, by their origin. */
export const MODULES = {
  /** A package's, built by dkms when it is installed. */
  package: 'mkma_package',
  /** Of sources that the definition places, built by dkms at the end. */
  files: 'mkma_files',
  /** Of the definition's `builds`. */
  builds: 'mkma_builds',
};

/** The folder of a module's sources for dkms; `code` is what it is built from. */
function sources(folder: string, name: string, code: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'Makefile'), `obj-m := ${name}.o\n`);
  writeFileSync(join(folder, `${name}.c`), code);
  const lines = [
    ...[`PACKAGE_NAME="${name}"`, 'PACKAGE_VERSION="1.0"', `BUILT_MODULE_NAME[0]="${name}"`],
    ...['DEST_MODULE_LOCATION[0]="/updates/dkms"', 'AUTOINSTALL="yes"'],
  ];
  writeFileSync(join(folder, 'dkms.conf'), `${lines.join('\n')}\n`);
}

const CODE = '#include <linux/module.h>\nMODULE_LICENSE("GPL");\nMODULE_DESCRIPTION("of a test");\n';

/** FOLDER/package.deb with sources for dkms, which it registers as dh_dkms(1) has it. The same bytes each time: its digest is an input. */
function makePackage(folder: string): void {
  const tree = join(folder, 'package.tree');
  sources(join(tree, `usr/src/${MODULES.package}-1.0`), MODULES.package, CODE);
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  const control = [
    ...['Package: mkma-test-dkms', 'Version: 1.0', 'Architecture: all', 'Maintainer: x <x@example.org>'],
    ...['Depends: dkms', 'Description: of a test'],
  ];
  writeFileSync(join(tree, 'DEBIAN/control'), `${control.join('\n')}\n`);
  const postinst = `#!/bin/sh\nset -e\n[ "$1" != configure ] || /usr/lib/dkms/common.postinst ${MODULES.package} 1.0 "" "" "$2"\n`;
  writeFileSync(join(tree, 'DEBIAN/postinst'), postinst, { mode: 0o755 });
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', tree]);
  const build = ['--root-owner-group', '--build', tree, join(folder, 'package.deb')];
  execFileSync('dpkg-deb', build, { env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' } });
}

/** The definition's machine tests: commands by their names. */
export const MODULE_TESTS = {
  'modules of every origin load': Object.values(MODULES)
    .map((name) => `modprobe ${name}`)
    .join(' && '),
  'the kernel is the one that dpkg knows': 'dpkg-query -W "linux-image-$(uname -r)"',
  'more can be built in the machine':
    'test -e "/lib/modules/$(uname -r)/build/include" && dkms status | grep installed',
};

/** Write the definition and what it is made of into the folder. Resolves to the definition's file; `code`: of the module in `files`. */
export function writeDefinition(folder: string, code = CODE): string {
  makePackage(folder);
  sources(join(folder, 'files'), MODULES.files, code);
  sources(join(folder, 'builds'), MODULES.builds, CODE);
  const config = join(folder, 'mkma.config.ts');
  const install = `install -Dm 644 builds/${MODULES.builds}.ko "$DESTDIR/usr/lib/modules/$MKMA_KERNEL/extra/${MODULES.builds}.ko"`;
  writeFileSync(
    config,
    `import { defineMachine } from 'mkma';
export default defineMachine({
  hostname: 'modules',
  format: 'erofs',
  packages: ['linux-headers-amd64', 'linux-image-amd64', 'libc6:arm64', './package.deb'],
  files: { '/usr/src/${MODULES.files}-1.0': { from: './files' } },
  builds: [
    {
      name: 'module',
      packages: ['linux-headers-amd64'],
      sources: { builds: './builds' },
      run: 'make -C "/usr/lib/modules/$MKMA_KERNEL/build" M="$PWD/builds" modules',
      install: ${JSON.stringify(install)},
    },
  ],
  hooks: [{ at: 'system', run: 'echo "$MKMA_KERNEL" > /etc/kernel-of-hooks' }],
  // None of them is for hardware of this machine.
  without: ['docs', 'locales', 'modules'],
  initramfs: { modules: 'hardware', extraModules: ['${MODULES.files}'] },
  tests: Object.entries(${JSON.stringify(MODULE_TESTS)}).map(([name, command]) => ({
    name,
    run: async (guest) => void (await guest.ok(command)),
  })),
});
`,
  );
  return config;
}
