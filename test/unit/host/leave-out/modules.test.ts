import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantedModules } from '../../../../src/host/initramfs/module-set.js';
import { parseModuleIndex } from '../../../../src/host/kernel/modules.js';
import { needlessModules } from '../../../../src/host/leave-out/modules.js';

const INDEX = parseModuleIndex({
  dep: [
    'kernel/fs/ext4/ext4.ko.xz:',
    'kernel/drivers/net/tun.ko.xz:',
    'kernel/drivers/net/ethernet/intel/e1000e.ko.xz: kernel/drivers/net/ethernet/lib.ko.xz',
    'kernel/drivers/net/ethernet/lib.ko.xz:',
    'kernel/drivers/net/ethernet/r8169.ko.xz: kernel/drivers/net/ethernet/other.ko.xz',
    'kernel/drivers/net/ethernet/other.ko.xz:',
    'kernel/drivers/net/virtio_net.ko.xz:',
    'kernel/drivers/mmc/host/sdhci-acpi.ko.xz:',
    'kernel/drivers/nvme/nvme.ko.xz:',
    'kernel/drivers/scsi/arcmsr.ko.xz:',
    'kernel/drivers/scsi/sd_mod.ko.xz:',
    '',
  ].join('\n'),
  builtin: '',
  softdep: '',
  alias: [
    'alias pci:v00008086d* e1000e',
    'alias pci:v000010ecd* r8169',
    'alias virtio:d00000001v* virtio_net',
    'alias acpi*:80860F14:* sdhci_acpi',
    'alias pci:v*bc01sc08* nvme',
    'alias pci:v000017D3d* arcmsr',
    'alias scsi:t-0x00* sd_mod',
    'alias char-major-10-200 tun',
    'alias fs-ext4 ext4',
    '',
  ].join('\n'),
});

test('drivers of absent hardware go, with what only they need; those present, named or of no hardware stay', () => {
  assert.deepEqual(needlessModules(INDEX, ['e1000e'], ['nvme']), [
    'kernel/drivers/mmc/host/sdhci-acpi.ko.xz',
    'kernel/drivers/net/ethernet/other.ko.xz',
    'kernel/drivers/net/ethernet/r8169.ko.xz',
    'kernel/drivers/scsi/arcmsr.ko.xz',
  ]);
});

test('the set for the hardware has no other drivers, and storage that the generic set lacks', () => {
  const wanted = wantedModules('hardware', INDEX, ['arcmsr', 'e1000e']);
  assert.ok(wanted.includes('ext4') && wanted.includes('sd_mod') && wanted.includes('arcmsr'));
  assert.ok(!wanted.includes('nvme') && !wanted.includes('sdhci_acpi') && !wanted.includes('e1000e'));
  assert.ok(wantedModules('hardware', INDEX, ['nvme']).includes('nvme'));
  const generic = wantedModules('generic', INDEX, []);
  assert.ok(generic.includes('nvme') && !generic.includes('arcmsr'));
});
