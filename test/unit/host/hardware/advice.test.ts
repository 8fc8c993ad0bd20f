/** What machines as fixtures are advised: fragments, firmware and modules, with the reason for each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Advice, advise } from '../../../../src/host/hardware/advice.js';
import { computerOf } from '../../../../src/host/hardware/computer.js';
import { devicesOf } from '../../../../src/host/hardware/devices.js';
import { firmwareInLog } from '../../../../src/host/hardware/kernel-log.js';
import { describeComputer, hardwareLines } from '../../../../src/host/hardware/tell.js';
import { usesOf } from '../../../../src/host/hardware/uses.js';
import { AMD_DESKTOP, ASKED, INTEL_LAPTOP, KERNEL, MIXED_DESKTOP, systemOf, VIRTUAL } from './machines.js';

interface Looked {
  readonly computer: string;
  readonly advice: Advice;
  readonly lines: readonly string[];
}

function look(
  entries: Readonly<Record<string, string>>,
  log = '',
  kernel: typeof KERNEL | null = KERNEL,
): Looked {
  const files = systemOf(entries);
  const computer = computerOf(files);
  const uses = usesOf(devicesOf(files), kernel ?? undefined);
  const asked = kernel === null ? new Map<string, string[]>() : ASKED;
  const advice = advise({ computer, uses, kernel: kernel ?? undefined, asked, logged: firmwareInLog(log) });
  const told = describeComputer(computer, uses);
  const lines = hardwareLines({
    ...{ computer: told, virtual: computer.virtual, advice, kernel: '/lib/modules/x', unread: [] },
  });
  return { computer: told, advice, lines };
}

test('an Intel laptop: fragments bring its graphics and sound, one package its Wi-Fi and Bluetooth', () => {
  const { computer, advice, lines } = look(INTEL_LAPTOP);
  assert.equal(computer, 'laptop, Intel processor, graphics (i915), Wi-Fi (iwlwifi), Bluetooth (btusb)');
  assert.deepEqual(advice.extends, ['hardware/intel', 'hardware/laptop']);
  assert.deepEqual(advice.firmware, ['firmware-iwlwifi']);
  assert.deepEqual(advice.packages, []);
  assert.deepEqual(advice.modules, ['btusb', 'i915', 'iwlwifi', 'nvme', 'snd_sof_pci_intel_tgl']);
  assert.deepEqual(lines.slice(2, 11), [
    'lines for its definition:',
    "  extends: ['hardware/intel', 'hardware/laptop'],",
    "  firmware: ['firmware-iwlwifi'],",
    "  // If built on another machine with without: ['modules']:",
    "  // keepModules: ['btusb', 'i915', 'iwlwifi', 'nvme', 'snd_sof_pci_intel_tgl'],",
    '',
    'why:',
    '  hardware/intel    Intel processor, graphics 0000:00:02.0 (i915)',
    // A mouse's battery makes no laptop.
    '  hardware/laptop   chassis type 10 (notebook), battery BAT0',
  ]);
  assert.equal(lines[11], '  firmware-iwlwifi  Wi-Fi 0000:00:14.3 (iwlwifi): iwlwifi-QuZ-a0-hr-b0-77.ucode');
});

test('an AMD desktop without any driver yet: modaliases find them', () => {
  const { computer, advice } = look(AMD_DESKTOP);
  assert.equal(computer, 'desktop or server, AMD processor, graphics (amdgpu), wired network (r8169)');
  assert.deepEqual(advice.extends, ['hardware/amd']);
  assert.deepEqual(advice.firmware, ['firmware-realtek']);
  assert.deepEqual(advice.packages, []);
});

test('makers mixed: a fragment each; Bluetooth with a card maker’s number has the chip of the Wi-Fi beside it', () => {
  const { advice } = look(MIXED_DESKTOP);
  assert.deepEqual(advice.extends, ['hardware/intel', 'hardware/amd']);
  // Realtek's for all three, nothing of Intel's Bluetooth; what rtw88_8822ce loads its family's module names.
  assert.deepEqual(advice.firmware, ['firmware-realtek']);
  assert.deepEqual(advice.packages, ['wireless-regdb']);
});

test('a virtual machine needs nothing: no microcode, no lid, whatever its chassis says', () => {
  const { computer, advice, lines } = look(VIRTUAL);
  assert.equal(computer, 'virtual machine, Intel processor, wired network (virtio_net)');
  assert.deepEqual([advice.extends, advice.firmware, advice.packages, advice.modules], [[], [], [], []]);
  assert.deepEqual(lines.slice(2), [
    'nothing to add: the hardware found needs no fragment and no firmware',
    '',
    'ok       modules of /lib/modules/x',
    'ok       virtual machine: its host loads the microcode',
  ]);
});

test('the kernel’s log names what was asked for, and what no package has', () => {
  const log = [
    'r8169 0000:05:00.0: Direct firmware load for rtl_nic/rtl8168h-2.fw failed with error -2',
    'brcmfmac: Direct firmware load for brcm/brcmfmac4356-pcie.gpd-win-pocket.bin failed with error -2',
    'ueagle: firmware: failed to load nobodys/own.bin (-2)',
  ].join('\n');
  const { advice, lines } = look(AMD_DESKTOP, log);
  assert.deepEqual(advice.firmware, ['firmware-brcm80211', 'firmware-realtek']);
  assert.deepEqual(advice.unknown, ['nobodys/own.bin']);
  assert.ok(
    lines.includes("  firmware-realtek    the kernel's log: rtl_nic/rtl8168h-2.fw"),
    lines.join('\n'),
  );
  assert.ok(
    lines.some((line) => line.startsWith('note     no Debian package contains the firmware nobodys/own.bin')),
  );
});

test('without a kernel’s modules: fragments by bound drivers, no modules to keep', () => {
  const { advice } = look(INTEL_LAPTOP, '', null);
  assert.deepEqual(advice.extends, ['hardware/intel', 'hardware/laptop']);
  assert.deepEqual(advice.modules, []);
});
