/**
 * The environment of every program that mkma runs: made anew for each, never inherited. Tools read variables by the dozen
 * (TAR_OPTIONS, ZSTD_CLEVEL, DPKG_FORCE, PERL5OPT, LD_PRELOAD ...), and some change what an image holds without a word. What may pass
 * is listed here, with the reason.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** What every program gets, whoever calls: its output is read, so it speaks one language, and names stay bytes. */
const CONSTANT: Environment = { LC_ALL: 'C.UTF-8' };

/** Variables of the caller's that pass to every program. PATH does too, see {@link searchPath}. */
const EVERYBODY: readonly string[] = [
  'TMPDIR', // where there is room for what is needed for a moment: it changes no bytes
];

/** Variables that pass to some programs, by what these do. */
const GROUPS = {
  /** A virtual machine, which may open a window and draws on a terminal. */
  display: [
    'TERM', // the terminal that it draws on
    'HOME', // GTK and Mesa keep settings and caches there
    'DISPLAY', // the X server
    'XAUTHORITY', // what admits to it
    'WAYLAND_DISPLAY', // the compositor
    'XDG_RUNTIME_DIR', // where its socket lies
    'XDG_CONFIG_HOME', // the toolkit's settings
    'XDG_DATA_DIRS', // themes and icons
    'DBUS_SESSION_BUS_ADDRESS', // accessibility and settings of the session
    'GDK_BACKEND', // X11 or Wayland, where the toolkit chooses wrongly
    'GDK_SCALE', // dense screens
    'GTK_THEME', // how it looks
  ],
  /** A hook that a definition runs on this host, with the tools of whoever builds. */
  hook: [
    'HOME', // settings and keys of git, ssh and others
    'SSH_AUTH_SOCK', // the agent that holds the keys
    'SUDO_USER', // who builds, where that is to own a file
    'SUDO_UID',
    'SUDO_GID',
  ],
} as const;

/** Programs that get more of the caller's variables than others do. */
export type Passing = keyof typeof GROUPS;

/** Variables that name proxies (curl(1), apt-transport-http(1)): for programs that fetch, which are given them by name. May hold passwords. */
export const PROXY_VARIABLES: readonly string[] = [
  ...['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'],
];

/** The variables of these names that are set to something. */
export function pick(env: Environment, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}

/** What a program gets of mkma's own environment, `env`. */
export function cleanEnvironment(env: Environment, passes: readonly Passing[] = []): Environment {
  const names = [...EVERYBODY, ...passes.flatMap((group) => GROUPS[group])];
  return { ...pick(env, names), ...CONSTANT, PATH: searchPath(env.PATH) };
}

/**
 * Where programs are looked for: as the caller has it, and in the system's folders, which a plain user's PATH on Debian lacks. Without
 * relative folders: some programs start within the tree that is built, whose files are not to be run.
 */
function searchPath(path = '/usr/bin:/bin'): string {
  const folders = path.split(':').filter((folder) => folder.startsWith('/'));
  return [...folders, '/usr/sbin', '/sbin'].join(':');
}
