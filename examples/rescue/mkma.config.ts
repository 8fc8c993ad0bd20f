// A rescue stick: tools that repair disks, on any machine, and nothing that touches a disk by itself.
import { defineMachine } from 'mkma';

export default defineMachine({
  extends: ['console'],
  hostname: 'rescue',
  format: 'erofs',
  packages: [
    ...['btrfs-progs', 'xfsprogs', 'dosfstools', 'exfatprogs', 'ntfs-3g', 'cryptsetup', 'lvm2', 'mdadm'],
    ...['gdisk', 'parted', 'gddrescue', 'testdisk', 'smartmontools', 'nvme-cli', 'hdparm'],
    ...['rsync', 'tmux', 'vim-tiny', 'ethtool', 'pciutils', 'usbutils'],
  ],
  without: ['docs', 'locales'],
  // The boot does not assemble arrays and volumes.
  services: { mask: ['mdmonitor', 'lvm2-monitor', 'smartmontools', 'e2scrub_reap'] },
  files: {
    '/etc/mdadm/mdadm.conf': 'AUTO -all\n',
    '/etc/motd': 'A rescue system in RAM. lsblk shows the disks; none of them is mounted.\n',
  },
  tests: [
    {
      name: 'the tools are there',
      async run(guest) {
        for (const tool of ['ddrescue', 'testdisk', 'cryptsetup', 'vgchange', 'mdadm', 'btrfs', 'smartctl']) {
          await guest.ok(`command -v ${tool}`);
        }
      },
    },
    {
      name: 'no disk is in use',
      async run(guest) {
        const used = await guest.ok(
          "findmnt --raw --noheadings --output SOURCE | grep '^/dev/[hsv]d' || true",
        );
        if (used !== '') throw new Error(`mounted: ${used}`);
      },
    },
  ],
});
