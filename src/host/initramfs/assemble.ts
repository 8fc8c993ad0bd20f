export async function assembleInitramfs(
  _r: unknown,
  _c: unknown,
): Promise<import('../../core/result.js').Result<void>> {
  throw new Error('todo');
}
