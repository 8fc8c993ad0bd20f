/**
 * Files that are made from what is installed, such as the linker's cache: a layer has them for the images
 * that it was made on; elsewhere they are made again. Pure.
 */
import type { FileType } from '../archive/tree.js';

/** Files of one tool. Places are relative to the root; `*` stands for part of a name, `**` for all below. */
export interface Derived {
  /** Its name in manifests and messages. */
  readonly name: string;
  readonly made: readonly string[];
  /** Places of symbolic links that are made. */
  readonly links?: readonly string[];
  /** Of `made`, what is not. */
  readonly except?: readonly string[];
  /** What they are made from. */
  readonly from: readonly string[];
  /** Shell commands that make them again, run in the root. They do nothing where the tool is missing. */
  readonly command: string;
}

const LIBRARIES = ['usr/lib', 'usr/lib/*-linux-*', 'usr/lib32', 'usr/lib64', 'usr/libx32'];
const LOCAL = ['usr/local/lib', 'usr/local/lib/*-linux-*'];

/** In the order in which they are made: programs of later ones may need the libraries of the first. */
export const DERIVED: readonly Derived[] = [
  {
    name: 'ld.so.cache',
    made: ['etc/ld.so.cache', 'var/cache/ldconfig/aux-cache'],
    from: [
      'etc/ld.so.conf',
      'etc/ld.so.conf.d/**',
      ...[...LIBRARIES, ...LOCAL].map((folder) => `${folder}/lib*.so*`),
    ],
    command: 'if has ldconfig; then ldconfig; fi',
  },
  {
    name: 'hwdb.bin',
    made: ['usr/lib/udev/hwdb.bin', 'etc/udev/hwdb.bin'],
    from: ['usr/lib/udev/hwdb.d/**', 'etc/udev/hwdb.d/**'],
    // As udev's trigger does; one in /etc hides the other (hwdb(7)).
    command:
      'if has systemd-hwdb; then systemd-hwdb --usr update && { [ ! -e /etc/udev/hwdb.bin ] || systemd-hwdb update; }; fi',
  },
  {
    name: 'ca-certificates.crt',
    made: ['etc/ssl/certs/ca-certificates.crt'],
    links: ['etc/ssl/certs/*'],
    from: [
      ...['etc/ca-certificates.conf', 'etc/ca-certificates/**'],
      ...['usr/share/ca-certificates/**', 'usr/local/share/ca-certificates/**'],
    ],
    command: 'if has update-ca-certificates; then update-ca-certificates >/dev/null; fi',
  },
  {
    name: 'gschemas.compiled',
    made: ['usr/share/glib-2.0/schemas/gschemas.compiled'],
    from: ['usr/share/glib-2.0/schemas/**'],
    command:
      'if [ -d /usr/share/glib-2.0/schemas ]; then each /usr/lib/*/glib-2.0/glib-compile-schemas /usr/bin/glib-compile-schemas -- /usr/share/glib-2.0/schemas; fi',
  },
  {
    name: 'giomodule.cache',
    made: ['usr/lib/*/gio/modules/giomodule.cache'],
    from: ['usr/lib/*/gio/modules/**'],
    command: 'in_folders /usr/lib/*/glib-2.0/gio-querymodules',
  },
  {
    name: 'loaders.cache',
    made: ['usr/lib/*/gdk-pixbuf-2.0/*/loaders.cache'],
    from: ['usr/lib/*/gdk-pixbuf-2.0/*/loaders/**'],
    command: 'all /usr/lib/*/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders -- --update-cache',
  },
  {
    name: 'immodules.cache',
    made: ['usr/lib/*/gtk-3.0/*/immodules.cache'],
    from: ['usr/lib/*/gtk-3.0/*/immodules/**'],
    command: 'all /usr/lib/*/libgtk-3-0*/gtk-query-immodules-3.0 -- --update-cache',
  },
  {
    name: 'mime.cache',
    made: ['usr/share/mime/mime.cache', 'usr/share/mime/**'],
    except: ['usr/share/mime/packages', 'usr/share/mime/packages/**'],
    from: ['usr/share/mime/packages/**'],
    command:
      'if has update-mime-database && [ -d /usr/share/mime/packages ]; then update-mime-database /usr/share/mime; fi',
  },
  {
    name: 'mimeinfo.cache',
    made: ['usr/share/applications/mimeinfo.cache'],
    from: ['usr/share/applications/**'],
    command:
      'if has update-desktop-database && [ -d /usr/share/applications ]; then update-desktop-database --quiet /usr/share/applications; fi',
  },
  {
    name: 'icon-theme.cache',
    made: ['usr/share/icons/*/icon-theme.cache'],
    from: ['usr/share/icons/*/**'],
    command:
      'if has update-icon-caches && [ -d /usr/share/icons ]; then update-icon-caches /usr/share/icons/*; fi',
  },
  {
    name: 'info/dir',
    made: ['usr/share/info/dir', 'usr/share/info/dir.old'],
    from: ['usr/share/info/**'],
    command: 'if has update-info-dir && [ -d /usr/share/info ]; then update-info-dir; fi',
  },
  {
    name: 'catalog',
    made: ['var/lib/systemd/catalog/database'],
    from: ['usr/lib/systemd/catalog/**'],
    command: 'if has journalctl; then journalctl --update-catalog; fi',
  },
];

/**
 * Functions that the commands use: whether a program is there; the first of several, or all, with arguments;
 * each with the folder of its architecture's modules.
 */
export const FUNCTIONS = `
has() { command -v "$1" >/dev/null; }
first() { for one; do [ ! -x "$one" ] || { echo "$one"; return; }; done; }
each() { list=; while [ "$1" != -- ]; do list="$list $1"; shift; done; shift; one=$(first $list); [ -z "$one" ] || "$one" "$@"; }
in_folders() {
  for one; do
    folder=\${one%/*/*}/gio/modules
    if [ -x "$one" ] && [ -d "$folder" ]; then "$one" "$folder" || return; fi
  done
}
all() { list=; while [ "$1" != -- ]; do list="$list $1"; shift; done; shift; for one in $list; do [ ! -x "$one" ] || "$one" "$@" || return; done; }
`;

/** What a path is to these files: made by a tool, what one makes others from, or neither. */
export interface DerivedRole {
  readonly role: 'made' | 'from';
  readonly of: Derived;
}

/** The roles of a path, relative to the root; `type` is that of the file, also if it is gone. */
export function derivedRole(path: string, type: FileType): DerivedRole | undefined {
  if (!PREFIX.test(path)) return undefined;
  for (const { of, made, links, except, from } of MATCHERS) {
    const isMade = (made.test(path) && !except.test(path)) || (type === 'l' && links.test(path));
    if (isMade) return { role: 'made', of };
    // Folders are there for what is in them.
    if (type !== 'd' && from.test(path)) return { role: 'from', of };
  }
  return undefined;
}

const MATCHERS = DERIVED.map((of) => ({
  of,
  made: matcher(of.made),
  links: matcher(of.links ?? []),
  except: matcher(of.except ?? []),
  from: matcher(of.from),
}));

/** Where all of them are: most paths are elsewhere. */
const PREFIX =
  /^(?:etc\/(?:ld\.so|ssl|ca-cert|udev)|usr\/(?:lib|local|share)|var\/(?:cache\/ldconfig|lib\/systemd\/catalog))/;

function matcher(places: readonly string[]): RegExp {
  const patterns = places.map((place) =>
    place.replace(/[.+]/g, '\\$&').replace(/\*\*|\*/g, (stars) => (stars === '**' ? '.+' : '[^/]*')),
  );
  return places.length === 0 ? /[^\s\S]/ : new RegExp(`^(?:${patterns.join('|')})$`);
}

/**
 * A shell script that prints what the layers in the folder it is run in have of these places: of each its
 * folder, the name and `made` or `from`, each ended by a NUL. A folder of `from` is enough: layers have those
 * of what they contain. So is a whiteout of a folder above.
 */
export function touchedScript(): string {
  const tests = DERIVED.flatMap(({ name, made, from }) => {
    const files = made.filter((place) => !place.endsWith('**'));
    const places = from.map((place) => place.replace(/\/\*\*$/, ''));
    const above = [...new Set([...files, ...places].flatMap((place) => foldersAbove(place)))];
    const line = (what: string, all: readonly string[]): string => `  t -e ${name} ${what} ${all.join(' ')}`;
    return [line('made', files), line('from', places), `  t -c ${name} from ${above.join(' ')}`];
  });
  return `
t() {
  how=$1 name=$2 what=$3; shift 3
  for one; do
    if [ "$how" "$one" ] || { [ "$how" = -e ] && [ -L "$one" ]; }; then
      printf '%s\\0%s\\0%s\\0' "$layer" "$name" "$what"; return
    fi
  done
}
top=$PWD
for layer in composed layers/*; do
  cd "$top/$layer" 2>/dev/null || continue
${tests.join('\n')}
done
:
`;
}

/** The folders above a place, as far as they have names of their own. */
function foldersAbove(place: string): string[] {
  const parts = place.split('/').slice(0, -1);
  const stars = parts.findIndex((part) => part.includes('*'));
  const plain = stars < 0 ? parts : parts.slice(0, stars);
  return plain.map((_, i) => plain.slice(0, i + 1).join('/'));
}
