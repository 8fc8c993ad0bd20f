/** Programs that run containers: the packages that bring them, what these need besides, and where they store images. */

/** A program that keeps images and containers of its own. */
export interface Engine {
  /** Packages by which a definition asks for it: its own, and Debian's packages that depend on it. */
  readonly packages: readonly string[];
  /** Packages that its own package recommends or suggests at most, and that containers need. */
  readonly needs: readonly string[];
  /** Where it stores images, containers and volumes, with the permissions that its package or the program gives the folder. */
  readonly stores: Readonly<Record<string, string>>;
  /** Where it stores those of a user, below the home; `undefined`: it runs as root only. */
  readonly userStore?: string | undefined;
}

const PODMAN_STORES = {
  stores: { '/var/lib/containers': '0755' },
  userStore: '.local/share/containers',
} as const;

/** dockerd(8) stores images in containerd where its containerd image store is on, and asks it to run containers otherwise. */
const DOCKER_STORES = { '/var/lib/docker': '0710', '/var/lib/containerd': '0711' };

/**
 * Stores: containers-storage.conf(5), "graphroot" and "rootless_storage_path"; dockerd(8), "--data-root"; containerd-config.toml(5),
 * "root". Needs: Debian 13's podman 5.4, netavark 1.14 and docker.io 26.1.
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
