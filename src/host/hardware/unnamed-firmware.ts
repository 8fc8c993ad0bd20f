/** Firmware that modules load without naming it in their `firmware` fields (as of Linux 6.12). Pure. */
import type { Use } from './uses.js';

/** By module: a name below /usr/lib/firmware as the driver builds it. */
const BY_MODULE: readonly (readonly [RegExp, string])[] = [
  // sound/soc/sof/intel: the folder is a field of each platform's description.
  [/^snd_sof_(pci|acpi)_intel_/, 'intel/sof/'],
  [/^snd_soc_avs$/, 'intel/avs/'],
  // drivers/net/wireless/ath/ath12k/hw.c
  [/^ath12k$/, 'ath12k/'],
  // sound/pci/hda: amplifiers, whose files are named after the machine.
  [/^snd_hda_scodec_cs35l/, 'cirrus/'],
  [/^snd_hda_scodec_tas2781/, 'TAS2XXX'],
  // drivers/media/pci/intel/ipu6
  [/^intel_ipu6$/, 'intel/ipu/'],
];

/**
 * Vendors of Bluetooth chips: USB vendor ID, folder of their Wi-Fi drivers, firmware
 * (drivers/bluetooth/btusb.c).
 */
const CHIPS: readonly { readonly vendor: string; readonly wifi: RegExp; readonly firmware: string }[] = [
  { vendor: '8087', wifi: /^iwl/, firmware: 'intel/ibt-' },
  { vendor: '0BDA', wifi: /^(rtw|rtl)/, firmware: 'rtl_bt/' },
  { vendor: '0E8D', wifi: /^mt7/, firmware: 'mediatek/BT_' },
  { vendor: '0CF3', wifi: /^ath/, firmware: 'qca/' },
];

/** Names of such firmware for a use, given all uses of the machine. */
export function unnamedFirmware({ device, kind, modules }: Use, all: readonly Use[]): string[] {
  const own = BY_MODULE.filter(([pattern]) => modules.some((name) => pattern.test(name)));
  if (kind !== 'Bluetooth' || device.bus !== 'usb') return own.map(([, firmware]) => firmware);
  const vendor = /^usb:v([0-9A-F]{4})/.exec(device.modalias)?.[1];
  // Cards carry vendor IDs of their own makers; the Wi-Fi chip on the same card shows the chip's vendor.
  const wifi = all.filter((use) => use.kind === 'Wi-Fi').flatMap((use) => use.modules);
  const chip =
    CHIPS.find((one) => one.vendor === vendor) ??
    CHIPS.find((one) => wifi.some((name) => one.wifi.test(name)));
  return [...own.map(([, firmware]) => firmware), ...(chip === undefined ? [] : [chip.firmware])];
}
