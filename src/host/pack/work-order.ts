/** The order in which segments are compressed; pure. */

/**
 * From this level on (zstd -9 takes four times as long as -3), waiting for the last segment takes longer than
 * the copying of finished ones that could have been done meanwhile.
 */
const SLOW_LEVEL = 7;

/**
 * The indices of segments in the order in which to compress them: that of the archive, in which finished ones
 * are copied; at slow levels the largest first, so that all processors end at about the same time.
 */
export function workOrder(bytes: readonly number[], level: number): number[] {
  const order = [...bytes.keys()];
  if (level < SLOW_LEVEL) return order;
  return order.sort((a, b) => (bytes[b] as number) - (bytes[a] as number));
}
