/** Programs that accept network logins, and Debian's packages that contain them. */

interface NetworkLogin {
  /** Names in folders of programs. */
  readonly programs: readonly string[];
  /** None: it comes from elsewhere. */
  readonly packages: readonly string[];
  /** Whether it accepts ssh keys. */
  readonly ssh?: true;
}

const NETWORK_LOGINS: readonly NetworkLogin[] = [
  { programs: ['sshd'], packages: ['openssh-server'], ssh: true },
  { programs: ['dropbear'], packages: ['dropbear', 'dropbear-bin'], ssh: true },
  { programs: ['tinysshd'], packages: ['tinysshd'], ssh: true },
  { programs: ['telnetd', 'in.telnetd'], packages: ['telnetd', 'inetutils-telnetd', 'telnetd-ssl'] },
  { programs: ['in.rlogind', 'in.rshd'], packages: ['rsh-server', 'rsh-redone-server'] },
  { programs: ['vsftpd'], packages: ['vsftpd'] },
  { programs: ['proftpd'], packages: ['proftpd-core', 'proftpd-basic'] },
  { programs: ['pure-ftpd'], packages: ['pure-ftpd'] },
  { programs: ['xrdp'], packages: ['xrdp'] },
  { programs: ['cockpit-ws'], packages: ['cockpit', 'cockpit-ws'] },
  { programs: ['shellinaboxd'], packages: ['shellinabox'] },
  { programs: ['ttyd'], packages: ['ttyd'] },
  { programs: ['wetty'], packages: [] },
  { programs: ['wayvnc'], packages: ['wayvnc'] },
  { programs: ['Xtigervnc'], packages: ['tigervnc-standalone-server'] },
  { programs: ['x0tigervncserver'], packages: ['tigervnc-scraping-server'] },
];

/** Packages that accept network logins. */
export const LOGIN_PACKAGES = NETWORK_LOGINS.flatMap(({ packages }) => packages);

/** Programs that accept network logins, whatever their package; those that accept ssh keys come first. */
export const LOGIN_PROGRAMS = NETWORK_LOGINS.flatMap(({ programs }) => programs);

/** Programs that accept ssh keys. */
export const SSH_SERVERS = NETWORK_LOGINS.filter(({ ssh }) => ssh).flatMap(({ programs }) => programs);
