/**
 * Machines as /sys and /proc show them, and a kernel's modules that drive them (Linux 6.12.118+deb13-amd64,
 * shortened).
 */
import type { SystemFiles } from '../../../../src/host/hardware/system-files.js';
import type { KernelModules } from '../../../../src/host/hardware/uses.js';
import { parseAliases } from '../../../../src/host/kernel/modalias.js';
import { parseModuleIndex } from '../../../../src/host/kernel/modules.js';

interface FakeDevice {
  /** BUS/NAME. */
  readonly at: string;
  readonly modalias?: string;
  readonly driver?: string;
  /** The driver's module, where its name is another one. */
  readonly module?: string;
}

/** Files by their paths, as a system. Links are texts that begin with `-> `. */
export function systemOf(entries: Readonly<Record<string, string>>): SystemFiles {
  const paths = Object.keys(entries);
  const text = (path: string): string => entries[path] ?? '';
  return {
    list: (folder) => {
      const below = paths.filter((path) => path.startsWith(`${folder}/`));
      return [...new Set(below.map((path) => path.slice(folder.length + 1).split('/')[0] as string))].sort();
    },
    text: (path) => (text(path).startsWith('-> ') ? '' : text(path)),
    link: (path) => (text(path).startsWith('-> ') ? text(path).slice(3) : undefined),
  };
}

function filesOf(devices: readonly FakeDevice[]): Record<string, string> {
  return Object.fromEntries(
    devices.flatMap(({ at, modalias, driver, module }) => {
      const [bus = '', name = ''] = at.split('/');
      const folder = `sys/bus/${bus}/devices/${name}`;
      const uevent = [
        ...(driver === undefined ? [] : [`DRIVER=${driver}`]),
        ...(modalias === undefined ? [] : [`MODALIAS=${modalias}`]),
      ];
      const link = `${folder}/driver/module`;
      return [
        [`${folder}/uevent`, `${uevent.join('\n')}\n`],
        ...(module === undefined ? [] : [[link, `-> ../../../../module/${module}`]]),
      ];
    }),
  );
}

const cpu = (vendor: string, flags: string): string =>
  `processor\t: 0\nvendor_id\t: ${vendor}\nmodel name\t: of ${vendor}\nflags\t\t: fpu ${flags} lm\n\n`;

const intelBluetooth = 'usb:v8087p0026d0002dcE0dsc01dp01icE0isc01ip01in00';

/**
 * A notebook with Tiger Lake: its graphics, sound by SOF, Wi-Fi AX201 with Bluetooth, NVMe, and a mouse with
 * a battery.
 */
export const INTEL_LAPTOP = {
  'proc/cpuinfo': cpu('GenuineIntel', 'vmx'),
  'sys/class/dmi/id/chassis_type': '10\n',
  'sys/class/power_supply/BAT0/type': 'Battery\n',
  'sys/class/power_supply/AC/type': 'Mains\n',
  'sys/class/power_supply/hidpp_battery_0/type': 'Battery\n',
  'sys/class/power_supply/hidpp_battery_0/scope': 'Device\n',
  ...filesOf([
    {
      at: 'pci/0000:00:02.0',
      modalias: 'pci:v00008086d00009A49sv00001028sd00000A21bc03sc00i00',
      driver: 'i915',
      module: 'i915',
    },
    {
      at: 'pci/0000:00:14.3',
      modalias: 'pci:v00008086d0000A0F0sv00008086sd00000074bc02sc80i00',
      driver: 'iwlwifi',
      module: 'iwlwifi',
    },
    {
      at: 'pci/0000:00:1f.3',
      modalias: 'pci:v00008086d0000A0C8sv00001028sd00000A21bc04sc01i00',
      driver: 'sof-audio-pci-intel-tgl',
      module: 'snd_sof_pci_intel_tgl',
    },
    {
      at: 'pci/0000:01:00.0',
      modalias: 'pci:v0000144Dd0000A809sv0000144Dsd0000A801bc01sc08i02',
      driver: 'nvme',
      module: 'nvme',
    },
    { at: 'usb/3-10', driver: 'usb' },
    { at: 'usb/3-10:1.0', modalias: intelBluetooth, driver: 'btusb', module: 'btusb' },
  ]),
};

/** A desktop computer with a Radeon RX 6800 and wired network; nothing has a driver yet but the disk. */
export const AMD_DESKTOP = {
  'proc/cpuinfo': cpu('AuthenticAMD', 'svm'),
  'sys/class/dmi/id/chassis_type': '3\n',
  ...filesOf([
    { at: 'pci/0000:03:00.0', modalias: 'pci:v00001002d000073BFsv00001002sd00000E3Abc03sc00i00' },
    { at: 'pci/0000:05:00.0', modalias: 'pci:v000010ECd00008168sv00001462sd00007C91bc02sc00i00' },
    {
      at: 'pci/0000:01:00.0',
      modalias: 'pci:v0000144Dd0000A80Asv0000144Dsd0000A801bc01sc08i02',
      driver: 'nvme',
      module: 'nvme',
    },
  ]),
};

/**
 * The same with a card for Wi-Fi of Realtek, whose Bluetooth has the card maker's number, and one of Intel
 * for graphics.
 */
export const MIXED_DESKTOP = {
  ...AMD_DESKTOP,
  ...filesOf([
    { at: 'pci/0000:03:00.0', modalias: 'pci:v00008086d000046A6sv00008086sd00000001bc03sc00i00' },
    { at: 'pci/0000:06:00.0', modalias: 'pci:v000010ECd0000C822sv00001A3Bsd00003750bc02sc80i00' },
    {
      at: 'usb/1-4:1.0',
      modalias: 'usb:v13D3p3549d0000dcE0dsc01dp01icE0isc01ip01in00',
      driver: 'btusb',
      module: 'btusb',
    },
  ]),
};

/** A virtual machine of QEMU, whose chassis is none. */
export const VIRTUAL = {
  'proc/cpuinfo': cpu('GenuineIntel', 'hypervisor'),
  'sys/class/dmi/id/chassis_type': '9\n',
  ...filesOf([
    {
      at: 'pci/0000:00:03.0',
      modalias: 'pci:v00001AF4d00001041sv00001AF4sd00001100bc02sc00i00',
      driver: 'virtio-pci',
      module: 'virtio_pci',
    },
    {
      at: 'virtio/virtio0',
      modalias: 'virtio:d00000001v00001AF4',
      driver: 'virtio_net',
      module: 'virtio_net',
    },
  ]),
};

const ALIASES = `# Aliases extracted from modules themselves.
alias pci:v00008086d00009A49sv*sd*bc03sc*i* i915
alias pci:v00008086d000046A6sv*sd*bc03sc*i* i915
alias pci:v00008086d000046A6sv*sd*bc03sc*i* xe
alias pci:v00008086d0000A0F0sv*sd*bc*sc*i* iwlwifi
alias pci:v00008086d0000A0C8sv*sd*bc*sc*i* snd_sof_pci_intel_tgl
alias pci:v00008086d0000A0C8sv*sd*bc*sc*i* snd_hda_intel
alias pci:v00001002d000073BFsv*sd*bc*sc*i* amdgpu
alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8169
alias pci:v000010ECd0000C822sv*sd*bc*sc*i* rtw88_8822ce
alias pci:v*d*sv*sd*bc01sc08i02* nvme
alias usb:v8087p0A5Ad*dc*dsc*dp*ic*isc*ip*in* btusb
alias usb:v*p*d*dc*dsc*dp*icE0isc01ip01in* btusb
alias usb:v04E6p0001d0[1-9]*dc*dsc*dp*ic*isc*ip*in* usb_storage
alias acpi*:PNP0C0A:* battery
alias virtio:d00000001v* virtio_net
`;

const DEP = `kernel/drivers/gpu/drm/i915/i915.ko.xz: kernel/drivers/gpu/drm/drm_buddy.ko.xz
kernel/drivers/gpu/drm/drm_buddy.ko.xz:
kernel/drivers/gpu/drm/xe/xe.ko.xz: kernel/drivers/gpu/drm/drm_buddy.ko.xz
kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko.xz: kernel/drivers/gpu/drm/drm_buddy.ko.xz
kernel/drivers/net/wireless/intel/iwlwifi/iwlwifi.ko.xz:
kernel/drivers/net/wireless/realtek/rtw88/rtw88_8822ce.ko.xz: kernel/drivers/net/wireless/realtek/rtw88/rtw88_8822c.ko.xz
kernel/drivers/net/wireless/realtek/rtw88/rtw88_8822c.ko.xz:
kernel/drivers/net/ethernet/realtek/r8169.ko.xz:
kernel/drivers/net/virtio_net.ko.xz:
kernel/drivers/nvme/host/nvme.ko.xz:
kernel/drivers/bluetooth/btusb.ko.xz: kernel/drivers/bluetooth/btrtl.ko.xz kernel/drivers/bluetooth/btintel.ko.xz
kernel/drivers/bluetooth/btrtl.ko.xz:
kernel/drivers/bluetooth/btintel.ko.xz:
kernel/sound/pci/hda/snd-hda-intel.ko.xz:
kernel/sound/soc/sof/intel/snd-sof-pci-intel-tgl.ko.xz:
`;

/** The modules. */
export const KERNEL: KernelModules = {
  index: parseModuleIndex({
    dep: DEP,
    builtin: 'kernel/drivers/virtio/virtio_pci.ko\n',
    softdep: '',
    alias: ALIASES,
  }),
  aliases: parseAliases(ALIASES),
};

/** Some of what they name in their `firmware` fields. */
export const ASKED: ReadonlyMap<string, readonly string[]> = new Map([
  ['i915', ['i915/tgl_dmc_ver2_12.bin', 'i915/tgl_guc_70.bin']],
  ['xe', ['xe/lnl_gsc_1.bin']],
  ['amdgpu', ['amdgpu/sienna_cichlid_sos.bin']],
  ['iwlwifi', ['iwlwifi-QuZ-a0-hr-b0-77.ucode']],
  ['rtw88_8822c', ['rtw88/rtw8822c_fw.bin']],
  ['r8169', ['rtl_nic/rtl8168h-2.fw']],
  ['btrtl', ['rtl_bt/rtl8822cu_fw.bin']],
  ['btintel', ['intel/ibt-19-0-4.sfi']],
]);
