/** The kernel's package: with the system's packages, or separately from another suite. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import type { CacheEntry } from '../../stages/cache.js';
import { download } from '../../tools/fetch-hooks.js';
import { KERNEL_PARTS, kernelImage } from '../../tools/resolve-hooks.js';
import type { BuildSettings } from '../settings.js';
import { bootstrap, LIST, mirrorInputs } from './engine.js';
import type { Part } from './part.js';

/**
 * The content of the kernel's packages in an entry: of one, or since Linux 7 of several, counted from 0. The
 * modules are compressed already: recompressing with Debian's xz saves nothing, and costs each build seconds
 * to unpack.
 */
export const KERNEL_PACKAGES = /^kernel\d+\.tar\.zst$/;
/** The first of them. */
export const KERNEL_PACKAGE = 'kernel0.tar.zst';
/** Names the kernel's package; in an entry without kernel packages, that one is installed in the tree. */
export const KERNEL_NAME = 'kernel.txt';
/** Its packages with their versions, unless they are installed in the tree. */
export const KERNEL_TAKEN = 'kernel-packages.txt';
/** Names the files of the kernel's packages with their digests, as sha256sum(1) prints them. */
export const KERNEL_DEBS = 'kernel.debs';

/** The release (`uname -r`) of an entry's kernel; `undefined`: it has none, or predates this record. */
export function kernelReleaseIn({ path }: CacheEntry): string | undefined {
  const file = join(path, KERNEL_NAME);
  if (!existsSync(file)) return undefined;
  return /^linux-image-(\S+?)(-unsigned)?$/m.exec(readFileSync(file, 'utf8'))?.[1];
}

/** What it depends on, if it comes from a suite other than the machine's. */
export function ownSuiteInputs(settings: BuildSettings) {
  const { machine, architecture } = settings;
  const { kernel } = machine;
  if (kernel.from !== 'debian' || kernel.suite === undefined || kernel.suite === machine.suite)
    return undefined;
  const { suite, package: name = `linux-image-${architecture}` } = kernel;
  return { ...mirrorInputs(settings, 'kernel'), suite, package: name };
}

/**
 * The kernel's package from a suite other than the machine's; `undefined`: it comes with the packages, or
 * from elsewhere.
 */
export async function bootstrapKernel(
  settings: BuildSettings,
  context: Context,
): Promise<Result<CacheEntry | undefined>> {
  const part = kernelPart(settings);
  return part === undefined ? ok(undefined) : bootstrap(settings, context, part);
}

/** What is fetched for it; `undefined` as above. */
export function kernelPart(settings: BuildSettings): Part | undefined {
  const inputs = ownSuiteInputs(settings);
  if (inputs === undefined) return undefined;
  const { suite, package: name } = inputs;
  return {
    stage: 'kernel',
    suite,
    inputs,
    variant: 'extract',
    packages: [],
    kernel: name,
    finish: [fetchKernel(name)],
    surveys: [surveyKernel(name)],
    makes: [LIST, KERNEL_NAME, KERNEL_PACKAGE],
  };
}

/** The kernel's package, if it comes from the machine's own suite; else `undefined`. */
export function ownKernelPackage({ machine, architecture }: BuildSettings): string | undefined {
  const { kernel, suite } = machine;
  if (kernel.from !== 'debian' || (kernel.suite ?? suite) !== suite) return undefined;
  return kernel.package ?? `linux-image-${architecture}`;
}

// If only one is installed, it is the one, whatever the default's name.
const ONLY_INSTALLED = `# shellcheck disable=SC2086 # one word a package
set -- $installed
if [ $# -eq 1 ]; then found=$1; fi`;

/** Looks whether the packages of {@link fetchKernel} are kept, unless other packages install a kernel. */
export function surveyKernel(name: string): string {
  return `${kernelImage(name)}
${KERNEL_PARTS}
own=
if [ -n "$MKMA_WANTED" ]; then
  own=$(printf '%s\\n' "$MKMA_WANTED" | xargs -d '\\n' apt-get -qq --simulate install | grep '^Inst linux-image-' || true)
fi
if [ -n "$own" ]; then exit 0; fi
mkdir -p "$MKMA_LISTS.kernel"
cd "$MKMA_LISTS.kernel"
# shellcheck disable=SC2086 # one word a package
${download('"$image" $parts')}`;
}

/**
 * The kernel is unpacked without the package database, not installed: installing would pull in
 * initramfs-tools and write an initrd that a machine in RAM never uses, and upgrade a kernel that nothing
 * boots (docs/decisions/0003). If the packages of the tree install that kernel nevertheless, or a single one
 * with `anyInstalled`, it is taken from there.
 */
export function fetchKernel(name: string, anyInstalled = false): string {
  // One command a line: in a list with && a failure would not end the script.
  return `${kernelImage(name)}
# Those that bring a kernel, without those that only depend on one.
installed=
for folder in "$1"/usr/lib/modules/*/kernel; do
  [ -d "$folder" ] || continue
  release=\${folder%/kernel}
  release=\${release##*/}
  for each in "linux-image-$release" "linux-image-$release-unsigned"; do
    if [ -e "$1/var/lib/dpkg/info/$each.list" ]; then installed="$installed $each"; fi
  done
done
found=
for each in $installed; do if [ "$each" = "$image" ]; then found=$each; fi; done
${anyInstalled ? ONLY_INSTALLED : ''}
cd "$MKMA_ENTRY"
echo "\${found:-$image}" > ${KERNEL_NAME}
if [ -n "$found" ]; then exit 0; fi
${KERNEL_PARTS}
# shellcheck disable=SC2086 # one word a package
${download('"$image" $parts')}
sha256sum ./*.deb > ${KERNEL_DEBS}
n=0
for deb in ./*.deb; do
  dpkg-deb --show --showformat '\${Package} \${Version} \${Architecture}\\n' "$deb" >> ${KERNEL_TAKEN}
  dpkg-deb --fsys-tarfile "$deb" > "kernel$n.tar"
  zstd -q -1 -T0 --rm "kernel$n.tar"
  rm "$deb"
  n=$((n + 1))
done
echo "kernel $image" >> ${LIST}`;
}
