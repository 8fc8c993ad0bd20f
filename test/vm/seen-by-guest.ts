/** What a machine can see of the command that starts it. */

/**
 * A command of QEMU without what is of this host alone: where the images lie, and ports of this host that lead into the machine
 * (these belong to QEMU's network, whose saved state has none: two machines that go on from one file have each their own).
 */
export function seenByGuest(command: string, images: string): string {
  return command.replaceAll(images, 'IMAGES').replaceAll(/,hostfwd=tcp:[^\s,']*/g, '');
}
