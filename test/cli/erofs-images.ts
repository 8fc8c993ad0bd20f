/** The images with an EROFS base that the test runner built for all. A test that imports this has them built. */
import assert from 'node:assert/strict';

/** Folder with the console images, whose base is an EROFS file system; never to be changed. */
export function sharedErofsImages(): string {
  const folder = process.env.MKMA_TEST_EROFS_IMAGES;
  assert.ok(folder, 'MKMA_TEST_EROFS_IMAGES is not set: run the tests with test/run');
  return folder;
}
