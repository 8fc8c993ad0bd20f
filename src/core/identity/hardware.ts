/** What identifies the hardware: what its firmware says, unless that is a placeholder. Pure. */

/** Where the kernel shows it, the best source first. Readable by root alone. */
const HARDWARE_SOURCES = {
  /** SMBIOS; of ppc64 and arm64 machines the device tree; Xen. */
  uuids: ['/sys/class/dmi/id/product_uuid', '/sys/firmware/devicetree/base/vm,uuid', '/sys/hypervisor/uuid'],
  /** Serial numbers, each with what it is unique among: makers number their models, not all machines. */
  serials: [
    { file: '/sys/class/dmi/id/product_serial', among: ['sys_vendor', 'product_name'] },
    { file: '/sys/class/dmi/id/board_serial', among: ['board_vendor', 'board_name'] },
    { file: '/sys/firmware/devicetree/base/serial-number', among: [] },
  ],
} as const;

/** Folder of the names in `among`. */
const DMI = '/sys/class/dmi/id';
/** What a serial number of the device tree is unique among. */
const DEVICE_TREE_MODEL = '/sys/firmware/devicetree/base/model';

/** UUIDs that firmware has instead of one of its own, in lower case. */
const PLACEHOLDERS: ReadonlySet<string> = new Set([
  // American Megatrends' default, on boards of many makers, in both orders of bytes.
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  // Counted up, in both orders.
  '00010203-0405-0607-0809-0a0b0c0d0e0f',
  '03020100-0504-0706-0809-0a0b0c0d0e0f',
  '01234567-89ab-cdef-0123-456789abcdef',
  '67452301-ab89-efcd-0123-456789abcdef',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '78563412-3412-7856-90ab-cddeefaabbcc',
  '12345678-1234-1234-1234-123456789abc',
  '12345678-90ab-cdef-1234-567890abcdef',
  // Dell's, of a board without a service tag.
  '4c4c4544-0000-2010-8020-80c04f202020',
]);

/** Fewest different digits of a UUID of its own. A random one has fewer in one of some billion cases. */
const DIGITS = 6;

/** The UUID in lower case; `undefined` if it is not one, or a placeholder. */
export function realUuid(text: string): string | undefined {
  const uuid = clean(text).toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) return undefined;
  const digits = new Set(uuid.replaceAll('-', ''));
  return digits.size < DIGITS || PLACEHOLDERS.has(uuid) ? undefined : uuid;
}

/** Words that firmware has in place of a serial number. */
const NO_SERIAL =
  /^(none|null|n\/?a|not |no |unknown|default|to be |system|chassis|base ?board|board|product|serial|empty|o\.?e\.?m|sample|test|invalid|x+$|x\.x|\.+$|-+$|123456789|012345)/i;
/** Fewest characters and different characters of one. */
const SERIAL_LENGTH = 5;
const SERIAL_VARIETY = 3;

/** The serial number; `undefined` if it is a placeholder. */
export function realSerial(text: string): string | undefined {
  const serial = clean(text);
  if (serial.length < SERIAL_LENGTH || NO_SERIAL.test(serial)) return undefined;
  return new Set(serial.replace(/[^A-Za-z0-9]/g, '')).size < SERIAL_VARIETY ? undefined : serial;
}

/** Texts of the device tree end with a NUL. */
function clean(text: string): string {
  return text.replace(/\0+$/, '').trim();
}

/** What identifies the hardware, as `read` shows files; `undefined`: nothing does. */
export function hardwareId(read: (path: string) => string | undefined): string | undefined {
  for (const path of HARDWARE_SOURCES.uuids) {
    const uuid = realUuid(read(path) ?? '');
    if (uuid !== undefined) return `uuid ${uuid}`;
  }
  for (const { file, among } of HARDWARE_SOURCES.serials) {
    const serial = realSerial(read(file) ?? '');
    if (serial === undefined) continue;
    const models = among.length === 0 ? [DEVICE_TREE_MODEL] : among.map((name) => `${DMI}/${name}`);
    return ['serial', ...models.map((path) => clean(read(path) ?? '')), serial].join('\n');
  }
  return undefined;
}

/**
 * What the digests are made of: the id itself is a secret of root's, and a digest for one purpose must not
 * show that for another (as sd_id128_get_machine_app_specific(3)).
 */
export function purposeText(purpose: 'binding' | 'machine-id', id: string): string {
  return `mkma identity 1 ${purpose}\n${id}\n`;
}

/**
 * A machine-id(5) from a digest in hexadecimal: 128 bits, marked as a random UUID (RFC 9562, version 4), as
 * systemd marks its own.
 */
export function machineIdFrom(digest: string): string {
  const variant = (Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8;
  return `${digest.slice(0, 12)}4${digest.slice(13, 16)}${variant.toString(16)}${digest.slice(17, 32)}`;
}
