/** Which software a machine has, and from where. */
import { z } from 'zod';
import { hostPath, httpAddress, packageChoice, packageName, suiteName } from './words.js';

const components = z.array(
  z.string().regex(/^[a-z][a-z/-]*$/, 'must be a component, as "main" or "non-free-firmware"'),
);

/** 40 digits of a version 4 key, 64 of a version 6 key (RFC 9580, 5.5.4), in groups as people write them. */
const FINGERPRINT = /^(\s*[0-9A-Fa-f]){40}\s*$|^(\s*[0-9A-Fa-f]){64}\s*$/;

const addressedKey = z
  .strictObject({
    url: httpAddress.describe('Where the key lies, armoured or not. What else that file holds is not used.'),
    fingerprint: z
      .string()
      .regex(FINGERPRINT, 'must be a whole fingerprint: 40 or 64 hexadecimal digits, spaces as you like')
      .describe('Its whole fingerprint, 40 or 64 hexadecimal digits; spaces do not count.'),
  })
  .describe('A key that is fetched when a build needs it, and kept by its fingerprint.');

const repository = z
  .strictObject({
    uri: httpAddress.describe('Where it lies.'),
    suites: z
      .array(z.string().regex(/^[^\s]+$/, 'must be one suite, as "trixie" or "./"'))
      .min(1)
      .describe('Its suites; a flat one has a path that ends with /.'),
    components: components.default([]).describe('Its components; none for a flat one.'),
    key: z
      .union(
        [z.string().min(1), addressedKey],
        'must be a file, the armoured text of a key, or { url, fingerprint }',
      )
      .describe(
        'The public key that it is signed with: a file (.asc or .gpg), the armoured text itself, or where it is fetched from.',
      ),
    inMachine: z.boolean().default(true).describe('Whether the machine keeps it among its own sources.'),
  })
  .describe('An apt repository beside Debian.');

const build = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*$/, 'must have a-z, 0-9, ., _ and -')
      .describe('Its name.'),
    packages: z
      .array(packageChoice)
      .default([])
      .describe('What it is built with; none of it gets into the machine.'),
    sources: z
      .record(
        z
          .string()
          .regex(/^(?!.*(^|\/)\.{0,2}(\/|$))[^\0]+$/, 'must be a name in the build folder, without . and ..'),
        hostPath,
      )
      .default({})
      .describe('Files and folders of this host, by the name they get in the build folder.'),
    run: z
      .string()
      .min(1)
      .describe(
        "Shell commands, run as root in the build folder of a throw-away system of the suite. They stop at the first that fails. $MKMA_KERNEL is the release of the machine's kernel.",
      ),
    install: z
      .string()
      .min(1)
      .describe('Shell commands that install below $DESTDIR: what is there then gets into the machine.'),
    network: z.boolean().default(false).describe('Whether the commands reach the network.'),
  })
  .describe('Software that Debian does not carry.');

export const software = {
  suite: suiteName
    .default('trixie')
    .describe('Debian suite: trixie or newer, since the engine of early boot is packaged from there on.'),
  architecture: z
    .string()
    .regex(/^[a-z0-9]+$/, "must be Debian's name of an architecture, as amd64")
    .optional()
    .describe("Debian's name of the architecture. Default: the building machine's."),
  components: components.default(['main']).describe('Components of the Debian archive.'),
  mirror: httpAddress
    .optional()
    .describe(
      "Debian mirror to build from; it does not get into the machine. Default: the building machine's own.",
    ),
  sources: z
    .strictObject({
      mirror: httpAddress.optional().describe("Debian mirror of the machine. Default: deb.debian.org's."),
      security: httpAddress.optional().describe("Mirror of the security suite. Default: deb.debian.org's."),
    })
    .prefault({})
    .describe('Where the machine itself gets packages from.'),
  repositories: z
    .record(
      z
        .string()
        .regex(/^(?!debian$)[a-z0-9][a-z0-9._-]*$/, 'must have a-z, 0-9, ., _ and -, and must not be debian'),
      repository,
    )
    .default({})
    .describe('Further apt repositories, by a name of your own.'),
  packages: z
    .array(packageChoice)
    .default([])
    .describe(
      "Packages on top of Debian's required ones: names, with :ARCHITECTURE, =VERSION or /SUITE, or local .deb files. podman, docker.io and other container engines bring along the packages and RAM volumes that containers need.",
    ),
  excludePackages: z
    .array(packageName)
    .default([])
    .describe('Packages that must not be in the machine, neither now nor later.'),
  recommends: z.boolean().default(false).describe('Whether packages that others recommend are installed.'),
  builds: z.array(build).default([]).describe('Software built from source.'),
};
