/** The software of a machine, and its sources. */
import { z } from 'zod';
import { fetched, hostPath, httpAddress, packageChoice, packageName, suiteName } from './words.js';

const components = z.array(
  z.string().regex(/^[a-z][a-z/-]*$/, 'must be a component, such as "main" or "non-free-firmware"'),
);

/** 40 digits of a version 4 key, 64 of a version 6 key (RFC 9580, 5.5.4), in groups as people write them. */
const FINGERPRINT = /^(\s*[0-9A-Fa-f]){40}\s*$|^(\s*[0-9A-Fa-f]){64}\s*$/;

const addressedKey = z
  .strictObject({
    url: httpAddress.describe('URL of the key, armoured or not. Other keys in that file are ignored.'),
    fingerprint: z
      .string()
      .regex(FINGERPRINT, 'must be a full fingerprint: 40 or 64 hexadecimal digits; spaces are ignored')
      .describe('Its full fingerprint: 40 or 64 hexadecimal digits; spaces are ignored.'),
  })
  .describe('A key that is downloaded when a build requires it, and cached by its fingerprint.');

const repository = z
  .strictObject({
    uri: httpAddress.describe('URL of the repository.'),
    suites: z
      .array(z.string().regex(/^[^\s]+$/, 'must be one suite, such as "trixie" or "./"'))
      .min(1)
      .describe('Its suites; for a flat repository, a path that ends in /.'),
    components: components.default([]).describe('Its components; a flat repository has none.'),
    key: z
      .union(
        [z.string().min(1), addressedKey],
        'must be a file, the armoured text of a key, or { url, fingerprint }',
      )
      .describe(
        'Public key that signs the repository: a file (.asc or .gpg), the armoured text, or a URL with a fingerprint.',
      ),
    inMachine: z.boolean().default(true).describe('Whether the machine keeps it as a source of packages.'),
  })
  .describe('An apt repository in addition to Debian.');

const build = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*$/, 'must consist of a-z, 0-9, ., _ and -')
      .describe('Name of the build.'),
    packages: z
      .array(packageChoice)
      .default([])
      .describe('Packages required for the build; they are not installed in the machine.'),
    sources: z
      .record(
        z.string().regex(/^(?!.*(^|\/)\.{0,2}(\/|$))[^\0]+$/, 'must be a relative path without . and ..'),
        z.union([hostPath, z.strictObject(fetched)], 'must be a path, or { url, sha256 }'),
      )
      .default({})
      .describe('Files and folders of this host, or files to download, by their name in the build folder.'),
    run: z
      .string()
      .min(1)
      .describe(
        "Shell commands that run as root in the build folder of a temporary system of the suite. They stop at the first failure. $MKMA_KERNEL is the release of the machine's kernel.",
      ),
    install: z
      .string()
      .min(1)
      .describe('Shell commands that install into $DESTDIR, whose contents are copied into the machine.'),
    network: z.boolean().default(false).describe('Whether the commands have network access.'),
  })
  .describe('Software that is not in Debian.');

export const software = {
  suite: suiteName
    .default('trixie')
    .describe('Debian suite, trixie or newer: older suites lack quickjs, which runs early boot.'),
  architecture: z
    .string()
    .regex(/^[a-z0-9]+$/, "must be Debian's name of an architecture, such as amd64")
    .optional()
    .describe('Debian architecture, such as amd64. Default: that of the building host.'),
  components: components.default(['main']).describe('Components of the Debian archive.'),
  mirror: httpAddress
    .optional()
    .describe(
      'Debian mirror to build from; it is not configured in the machine. Default: that of the building host.',
    ),
  sources: z
    .strictObject({
      mirror: httpAddress.optional().describe('Debian mirror. Default: deb.debian.org.'),
      security: httpAddress.optional().describe('Mirror of the security suite. Default: deb.debian.org.'),
    })
    .prefault({})
    .describe('Mirrors that the running machine uses.'),
  repositories: z
    .record(
      z
        .string()
        .regex(
          /^(?!debian$)[a-z0-9][a-z0-9._-]*$/,
          'must consist of a-z, 0-9, ., _ and -, and must not be debian',
        ),
      repository,
    )
    .default({})
    .describe('Additional apt repositories, by names of your choice.'),
  packages: z
    .array(packageChoice)
    .default([])
    .describe(
      "Packages in addition to Debian's required ones: names, optionally with :ARCHITECTURE, =VERSION or /SUITE, or local .deb files. podman, docker.io and other container engines also add the packages and RAM volumes that containers require.",
    ),
  excludePackages: z
    .array(packageName)
    .default([])
    .describe('Packages that must not be installed, neither in the build nor later on the machine.'),
  recommends: z.boolean().default(false).describe('Whether recommended packages are installed.'),
  builds: z.array(build).default([]).describe('Software to build from source.'),
};
