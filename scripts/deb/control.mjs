/** The package's control file (deb-control(5)): what it needs follows from package.json and from the tools that mkma calls. */
import {
  BUILD_TOOLS,
  OVMF,
  QEMU_TOOLS,
  QEMU_WINDOW,
  ROOTLESS_TOOLS,
} from '../../dist/src/host/sys/packages.js';

/** Packages that every Debian system has (Essential: yes), which others do not name. */
const ESSENTIAL = new Set(['dpkg', 'findutils', 'tar', 'util-linux']);

/** `kibibytes`: what the files take. */
export function control({ name, author, description, engines }, version, kibibytes) {
  const needed = packagesOf(BUILD_TOOLS);
  const fields = {
    Package: name,
    Version: version,
    Architecture: 'all',
    'Multi-Arch': 'foreign',
    Section: 'admin',
    Priority: 'optional',
    Maintainer: author,
    'Installed-Size': kibibytes,
    Depends: [`nodejs (${engines.node.replace('>=', '>= ')})`, ...needed].join(', '),
    // Virtual machines; and the certificates of mirrors that are reached by https.
    Recommends: ['ca-certificates', ...packagesOf([...ROOTLESS_TOOLS, ...QEMU_TOOLS])].join(', '),
    Suggests: ['bash-completion', ...packagesOf([OVMF, QEMU_WINDOW])].join(', '),
    Description: [
      lowerFirst(description.split(':')[0]),
      ' mkma builds Debian system images that are loaded whole into RAM at boot and',
      ' run from there: fast, clean at every start, and independent of the medium',
      ' they came from. What is changed there can be saved as layers, which later',
      ' boots apply on top. Machines are defined by short typed files, and are booted',
      ' and tested in QEMU.',
    ].join('\n'),
  };
  return Object.entries(fields)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('');
}

function packagesOf(tools) {
  return [...new Set(tools.map((tool) => tool.package))].filter((each) => !ESSENTIAL.has(each)).sort();
}

function lowerFirst(text) {
  return text[0].toLowerCase() + text.slice(1);
}
