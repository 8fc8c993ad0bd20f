/** mount(8) for a base that is a folder with a few files: early boot takes it from there. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Copies it and what it needs out of the built system. */
export function withMount(images: string, root: string): void {
  const libraries = ['c', 'mount', 'blkid', 'selinux', 'pcre2-8'].map(
    (name) => `usr/lib/*-linux-gnu/lib${name}.so.?`,
  );
  const files = ['usr/bin/mount', 'usr/lib/*-linux-gnu/ld-linux*.so.*', ...libraries].join(' ');
  execFileSync('sh', ['-e', '-c', `cd "$1" && cp -L --parents ${files} "$0"`, root, join(images, 'chroot')]);
}
