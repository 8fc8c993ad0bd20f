/** Container engines: their packages, what these require, and where they store images. */

/** A program with its own store of images and containers. */
export interface Engine {
  /** Packages that select it: its own, and packages of Debian that depend on it. */
  readonly packages: readonly string[];
  /** Packages that containers require, but that its package does not depend on. */
  readonly needs: readonly string[];
  /** Folders of its store, with the permissions that its package or the program sets. */
  readonly stores: Readonly<Record<string, string>>;
  /** Store of a user, relative to the home; `undefined`: it runs as root only. */
  readonly userStore?: string | undefined;
}

const PODMAN_STORES = {
  stores: { '/var/lib/containers': '0755' },
  userStore: '.local/share/containers',
} as const;

/**
 * dockerd(8) runs containers with containerd, and stores images in it if its containerd image store is
 * enabled.
 */
const DOCKER_STORES = { '/var/lib/docker': '0710', '/var/lib/containerd': '0711' };

/**
 * Stores: containers-storage.conf(5), "graphroot" and "rootless_storage_path"; dockerd(8), "--data-root";
 * containerd-config.toml(5), "root". Needs: Debian 13's podman 5.4, netavark 1.14 and docker.io 26.1.
 */
export const ENGINES: readonly Engine[] = [
  {
    packages: ['podman', 'podman-docker', 'podman-compose', 'podman-toolbox', 'cockpit-podman'],
    needs: [
      'uidmap', // newuidmap(1): subordinate user ids
      'dbus-user-session', // the user's systemd, which makes the cgroups of rootless containers
      'passt', // pasta(1): network of rootless containers
      'nftables', // netavark's firewall driver: forwarded ports, masquerading
      'aardvark-dns', // names of containers in networks
      'catatonit', // podman run --init, and pods
      'ca-certificates', // registries
    ],
    ...PODMAN_STORES,
  },
  {
    packages: ['buildah'],
    needs: ['crun', 'dbus-user-session', 'passt', 'nftables', 'aardvark-dns', 'ca-certificates'],
    ...PODMAN_STORES,
  },
  {
    packages: ['docker.io'],
    needs: ['docker-cli', 'ca-certificates'],
    stores: DOCKER_STORES,
  },
  // Docker's own package, which depends on all it needs.
  { packages: ['docker-ce'], needs: ['ca-certificates'], stores: DOCKER_STORES },
  {
    packages: ['containerd', 'containerd.io'],
    needs: ['ca-certificates'],
    stores: { '/var/lib/containerd': '0711' },
  },
];
