/** What a program of GTK needs on a base, and a package whose files caches are made from. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Packages with the tools and caches of a desktop, and a display without a screen. */
export const GTK_PACKAGES = [
  ...[
    'libglib2.0-bin',
    'libgdk-pixbuf2.0-bin',
    'shared-mime-info',
    'desktop-file-utils',
    'hicolor-icon-theme',
  ],
  ...['gtk-update-icon-cache', 'ca-certificates', 'install-info', 'libgtk-3-0t64', 'dconf-gsettings-backend'],
  ...['xvfb', 'xauth'],
];

/** Files of a package that caches are made from. */
const OWN: Readonly<Record<string, string>> = {
  'usr/share/glib-2.0/schemas/org.example.own.gschema.xml':
    '<schemalist><schema id="org.example.own" path="/org/example/own/"><key name="k" type="b"><default>true</default></key></schema></schemalist>',
  'usr/share/mime/packages/own.xml':
    '<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info"><mime-type type="text/x-own"><glob pattern="*.own"/></mime-type></mime-info>',
  'usr/share/applications/own.desktop':
    '[Desktop Entry]\nType=Application\nName=Own\nExec=true\nMimeType=text/x-own;\n',
  'usr/share/icons/hicolor/48x48/apps/own.png': 'not looked into',
  DEBIAN: 'Package: own\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n',
};

/** Makes `own.deb` in the folder; returns its path. */
export function makeOwn(folder: string): string {
  for (const [path, text] of Object.entries(OWN)) {
    const file = join(folder, 'own', path === 'DEBIAN' ? 'DEBIAN/control' : path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const deb = join(folder, 'own.deb');
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', join(folder, 'own'), deb]);
  return deb;
}
