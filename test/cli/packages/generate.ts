/** Packages that do to a machine what Debian's do: small ones, in several versions, built by dpkg-deb. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const NAMES = ['gen-a', 'gen-b', 'gen-c', 'gen-d', 'gen-e', 'gen-f'] as const;
export type Name = (typeof NAMES)[number];
export const VERSIONS = [1, 2, 3, 4] as const;

/** Always installed: another package diverts its file. */
export const COMMON = 'gen-common';

/** Files of a package in this version, and their content. */
export function filesOf(name: Name, version: number): Map<string, string> {
  const share = `usr/share/gen/${name}`;
  return new Map([
    [`${share}/main`, `${name} ${version}\n`],
    // Some files come and go with versions.
    ...(version % 2 === 0 ? [[`${share}/even`, `even ${version}\n`] as const] : []),
    [`${share}/v${version}`, `only ${version}\n`],
    [`etc/gen/${name}.conf`, `conf ${name} ${version}\n`],
    ...(name === 'gen-d' ? [['usr/share/gen/shared', `diverted by ${version}\n`] as const] : []),
  ]);
}

/** What a package needs. */
export function dependsOf(name: Name): readonly Name[] {
  return name === 'gen-b' ? ['gen-a'] : name === 'gen-f' ? ['gen-a', 'gen-e'] : [];
}

/** Name of the account whose files a package keeps. */
export function accountOf(name: Name): string | undefined {
  return name === 'gen-a' || name === 'gen-c' ? `_${name}` : undefined;
}

/** Scripts run without chroot(2), in the view of the root $DPKG_ROOT (dpkg(1), --force-script-chrootless). */
function scriptsOf(name: Name, version: number): Readonly<Record<string, string>> {
  const account = accountOf(name);
  const share = `/usr/share/gen/${name}`;
  const begin = `#!/bin/sh\nset -e\nR=$DPKG_ROOT\n`;
  const addUser =
    account === undefined
      ? ''
      : `if ! grep -q '^${account}:' "$R/etc/passwd"; then
  n=$(awk -F: '{ used[$3] } END { for (n = 100; n in used; n++); print n }' "$R/etc/passwd" "$R/etc/group")
  echo "${account}:x:$n:$n::/nonexistent:/bin/false" >>"$R/etc/passwd"; echo "${account}:x:$n:" >>"$R/etc/group"
  echo "${account}:!:20000::::::" >>"$R/etc/shadow"
fi
n=$(awk -F: '$1 == "${account}" { print $3 }' "$R/etc/passwd"); g=$(awk -F: '$1 == "${account}" { print $3 }' "$R/etc/group")
mkdir -p "$R/var/lib/gen/${name}"; echo "state" >"$R/var/lib/gen/${name}/data"
chown -R "$n:$g" "$R/var/lib/gen/${name}"; chmod 600 "$R/var/lib/gen/${name}/data"
`;
  const question = `awk -v RS= -v ORS='\\n\\n' '!/^Name: ${name}\\/q\\n/' "$R/var/cache/debconf/config.dat" >"$R/config.new"
cat "$R/config.new" >"$R/var/cache/debconf/config.dat"; rm "$R/config.new"\n`;
  const answer = `printf 'Name: ${name}/q\\nTemplate: ${name}/q\\nValue: ${version}\\nOwners: ${name}\\n\\n' >>"$R/var/cache/debconf/config.dat"\n`;
  const alternative = `update-alternatives --root "\${R:-/}" --quiet`;
  const priority = ((name.charCodeAt(4) * 7 + version * 13) % 50) + 1;
  const divert = `dpkg-divert --root "\${R:-/}" --quiet --rename --package ${name}`;
  const diverted = `--divert /usr/share/gen/shared.real`;
  return {
    preinst: `${begin}${name === 'gen-d' ? `${divert} ${diverted} --add /usr/share/gen/shared\n` : ''}`,
    postinst: `${begin}[ "$1" = configure ] || exit 0
${addUser}${question}${answer}
${alternative} --install /usr/bin/gen gen ${share}/main ${priority} ${version > 2 ? `--slave /usr/share/gen.1 gen.1 ${share}/v${version}` : ''}
${name === 'gen-e' ? `dpkg-statoverride --root "\${R:-/}" --list ${share}/main >/dev/null || dpkg-statoverride --root "\${R:-/}" --update --add root root 0700 ${share}/main\n` : ''}`,
    prerm: `${begin}[ "$1" != remove ] || ${alternative} --remove gen ${share}/main
[ "$1" != upgrade ] || ${alternative} --remove gen ${share}/main\n`,
    postrm: `${begin}${name === 'gen-d' ? `[ "$1" != remove ] || ${divert} ${diverted} --remove /usr/share/gen/shared\n` : ''}
[ "$1" = purge ] || exit 0
${question}rm -rf "$R/var/lib/gen/${name}"
${name === 'gen-e' ? `dpkg-statoverride --root "\${R:-/}" --remove ${share}/main || :\n` : ''}`,
  };
}

/** Builds all of them in a folder; the file of each by name and version. */
export function generate(folder: string): (name: Name | typeof COMMON, version: number) => string {
  const file = (name: string, version: number): string => join(folder, `${name}_${version}_all.deb`);
  const build = (
    name: string,
    version: number,
    files: ReadonlyMap<string, string>,
    control: string,
    scripts: Readonly<Record<string, string>>,
  ): void => {
    const tree = join(folder, 'tree');
    const write = (path: string, text: string, mode = 0o644): void => {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
      chmodSync(join(tree, path), mode);
    };
    for (const [path, text] of files) write(path, text);
    write(
      'DEBIAN/control',
      `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: T <t@example.org>\n${control}Description: test\n`,
    );
    const conffiles = [...files.keys()].filter((path) => path.startsWith('etc/')).map((path) => `/${path}\n`);
    if (conffiles.length > 0) write('DEBIAN/conffiles', conffiles.join(''));
    for (const [script, text] of Object.entries(scripts)) write(`DEBIAN/${script}`, text, 0o755);
    execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, file(name, version)], {
      stdio: 'ignore',
    });
    execFileSync('rm', ['-rf', tree]);
  };
  // With another file: dpkg lets a package disappear of which all is replaced.
  build(
    COMMON,
    1,
    new Map([
      ['usr/share/gen/shared', 'shared\n'],
      ['usr/share/doc/gen-common', 'doc\n'],
    ]),
    '',
    {},
  );
  for (const name of NAMES) {
    const depends = dependsOf(name);
    const control = depends.length === 0 ? '' : `Depends: ${depends.join(', ')}\n`;
    for (const version of VERSIONS)
      build(name, version, filesOf(name, version), control, scriptsOf(name, version));
  }
  return file;
}
