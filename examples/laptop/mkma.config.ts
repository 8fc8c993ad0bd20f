// A laptop: non-free firmware, another kernel, and its owner with language and keyboard.
import { defineMachine, fragments } from 'mkma';

export default defineMachine({
  extends: [
    ...[fragments.systemd, fragments.consoleTools, fragments.networkTime],
    // `mkma doctor --hardware` on the laptop prints these, and the firmware below.
    ...['hardware/intel', 'hardware/laptop'],
  ],
  hostname: 'laptop',
  // A newer kernel: { from: 'debian', suite: 'sid' }. One of your own: { from: 'path', image, modules }.
  kernel: { from: 'debian', package: 'linux-image-rt-amd64' },
  cmdline: ['quiet'],
  firmware: ['firmware-iwlwifi', 'firmware-realtek'],
  packages: ['iwd', 'network-manager', 'bluez', 'man-db', 'git', 'vim'],
  users: {
    anna: {
      fullName: 'Anna Example',
      groups: ['video', 'netdev', 'plugdev'],
      autologin: ['tty1'],
      sudo: 'nopasswd',
    },
  },
  files: {
    // Dotfiles: a folder is copied with its contents.
    '/home/anna': { from: './home', owner: 'anna:anna' },
    '/etc/NetworkManager/conf.d/10-iwd.conf': '[device]\nwifi.backend=iwd\n',
  },
  // Her home on an encrypted disk, with the dotfiles copied to it. Without the disk, the home is in RAM.
  // mounts: { '/home': { device: 'PARTLABEL=home', type: 'ext4', encrypted: true } },
  locale: 'de_DE.UTF-8',
  keyboard: { layout: 'de', variant: 'nodeadkeys' },
  timezone: 'Europe/Berlin',
  services: { enable: ['NetworkManager', 'iwd'] },
  sysctl: { 'vm.swappiness': 100 },
  zram: 50,
  tests: [
    {
      name: 'her machine speaks German',
      async run(guest) {
        const date = await guest.ok("su - anna -c 'LC_ALL=$LANG date -d 2026-12-24 +%A'");
        if (date !== 'Donnerstag') throw new Error(`Thursday is ${date}`);
        const keys = await guest.ok('cat /etc/default/keyboard');
        if (!keys.includes('XKBLAYOUT="de"')) throw new Error(keys);
      },
    },
    {
      name: 'the kernel is the chosen one, with firmware beside it',
      async run(guest) {
        const release = await guest.ok('uname -r');
        if (!release.includes('-rt-')) throw new Error(`the kernel is ${release}`);
        await guest.ok(
          'ls /usr/lib/firmware/iwlwifi-* /usr/lib/firmware/rtl_nic /usr/lib/firmware/i915 >/dev/null',
        );
      },
    },
    {
      name: 'she may become root, and has her dotfiles',
      async run(guest) {
        await guest.ok(
          "su - anna -c 'sudo -n true && grep -q alias ~/.bash_aliases && test -O ~/.bash_aliases'",
        );
      },
    },
  ],
});
