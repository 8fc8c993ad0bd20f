/** A list of packages as SPDX 2.3 in JSON (spdx.github.io/spdx-spec/v2.3). Pure. */
import { NOASSERTION } from './licences.js';
import type { ListedPackage } from './packages.js';

/** What is listed. */
export interface Listed {
  /** Name of the machine. */
  readonly name: string;
  /** Identifies the base. */
  readonly id: string;
  readonly suite: string;
  /** Seconds since the epoch. */
  readonly created: number;
  /** mkma's version. */
  readonly version: string;
  /** Packages of the system. */
  readonly system: readonly ListedPackage[];
  /** Those of the kernel, as far as they are not among the system's. */
  readonly kernel: readonly ListedPackage[];
  /** Those whose programs run in early boot. */
  readonly early: readonly ListedPackage[];
}

/** The document, as text; the same for the same images. */
export function spdxText(listed: Listed): string {
  const elements = new Elements(listed.suite);
  const contained = (part: string, packages: readonly ListedPackage[]): Relationship[] =>
    packages.map((one) => relationship(part, 'CONTAINS', elements.idOf(one)));
  const relationships = [
    relationship('SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-Image'),
    relationship('SPDXRef-Image', 'CONTAINS', 'SPDXRef-Kernel'),
    relationship('SPDXRef-Image', 'CONTAINS', 'SPDXRef-Initramfs'),
    ...contained('SPDXRef-Image', listed.system),
    ...contained('SPDXRef-Kernel', listed.kernel),
    ...contained('SPDXRef-Initramfs', listed.early),
  ];
  const image = (id: string, name: string, purpose: string) => ({
    ...{ SPDXID: id, name, primaryPackagePurpose: purpose, filesAnalyzed: false },
    ...{ downloadLocation: NOASSERTION, supplier: NOASSERTION, copyrightText: NOASSERTION },
    ...{ licenseConcluded: NOASSERTION, licenseDeclared: NOASSERTION },
  });
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: listed.name,
    documentNamespace: `https://spdx.org/spdxdocs/mkma-${encodeURIComponent(listed.name)}-${listed.id.replace(':', '-')}`,
    creationInfo: {
      created: new Date(listed.created * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
      creators: [`Tool: mkma-${listed.version}`],
    },
    packages: [
      { ...image('SPDXRef-Image', listed.name, 'OPERATING-SYSTEM'), versionInfo: listed.id },
      image('SPDXRef-Kernel', 'kernel', 'OPERATING-SYSTEM'),
      image('SPDXRef-Initramfs', 'initramfs', 'OPERATING-SYSTEM'),
      ...elements.all,
    ],
    relationships,
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}

interface Relationship {
  readonly spdxElementId: string;
  readonly relationshipType: string;
  readonly relatedSpdxElement: string;
}

function relationship(
  spdxElementId: string,
  relationshipType: string,
  relatedSpdxElement: string,
): Relationship {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

/** Elements of packages, each once, by name, version and architecture. */
class Elements {
  readonly all: object[] = [];
  private readonly ids = new Map<string, string>();
  private readonly used = new Set<string>();

  constructor(private readonly suite: string) {}

  idOf(one: ListedPackage): string {
    const key = [one.name, one.version, one.architecture].join(' ');
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.freeId(one);
    this.ids.set(key, id);
    this.all.push(elementOf(id, one, this.suite));
    return id;
  }

  /** Identifiers consist of letters, digits, dots and hyphens (SPDX 2.3, 7.2). */
  private freeId({ name, architecture = '' }: ListedPackage): string {
    const words = [name, architecture]
      .filter(Boolean)
      .join('-')
      .replace(/[^A-Za-z0-9.-]/g, '-');
    for (let n = 1; ; n++) {
      const id = `SPDXRef-Package-${words}${n === 1 ? '' : `-${n}`}`;
      if (this.used.has(id)) continue;
      this.used.add(id);
      return id;
    }
  }
}

function elementOf(id: string, one: ListedPackage, suite: string): object {
  const { name, version, source, maintainer, homepage, licences } = one;
  const named = licences?.names ?? [];
  const built =
    source === undefined
      ? undefined
      : `built from source package ${[source.name, source.version].filter(Boolean).join(' ')}`;
  return {
    ...{ SPDXID: id, name },
    ...(version === undefined ? {} : { versionInfo: version }),
    supplier: NOASSERTION,
    ...(maintainer === undefined ? {} : { originator: person(maintainer) }),
    downloadLocation: NOASSERTION,
    filesAnalyzed: false,
    ...(homepage !== undefined && /^https?:\/\/\S+$/.test(homepage) ? { homepage } : {}),
    ...(built === undefined ? {} : { sourceInfo: built }),
    licenseConcluded: NOASSERTION,
    licenseDeclared: licences?.expression ?? NOASSERTION,
    ...(named.length === 0 ? {} : { licenseComments: `Debian's names: ${named.join('; ')}` }),
    copyrightText: NOASSERTION,
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: purlOf(one, suite),
      },
    ],
  };
}

/** `Organization: Name (address)`, from `Name <address>` (SPDX 2.3, 7.6). */
function person(maintainer: string): string {
  const [, name = maintainer, address = ''] = /^(.*?)\s*<([^>]*)>$/.exec(maintainer) ?? [];
  return `Organization: ${name}${address === '' ? '' : ` (${address})`}`;
}

/** The package URL (github.com/package-url/purl-spec, type deb). */
export function purlOf({ name, version, architecture }: ListedPackage, suite: string): string {
  const at = version === undefined ? '' : `@${encodeURIComponent(version).replaceAll('%3A', ':')}`;
  const arch = architecture === undefined ? '' : `arch=${architecture}&`;
  return `pkg:deb/debian/${encodeURIComponent(name)}${at}?${arch}distro=${suite}`;
}
