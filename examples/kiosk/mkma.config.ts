// One page in full screen: restarted when it crashes, and no key leaves it. The page is a file; any URL
// works.
import { defineMachine, type Guest } from 'mkma';

/** The colours of the page, for the test. */
const GREEN: [number, number, number] = [38, 106, 46];
const BLUE: [number, number, number] = [36, 68, 120];
/** The process of the browser itself. */
const BROWSER = 'pgrep --oldest --uid visitor firefox';
const PATIENT = { timeout: 900 };

/** Types a name into the page, which turns blue for Ada Lovelace only, and ignores addresses. */
async function enter(guest: Guest, name: string, colour: [number, number, number]) {
  await guest.type(`${name}\n`);
  await guest.waitForPixels((screen) => screen.share(colour) > 0.8, PATIENT);
}

export default defineMachine({
  extends: [
    {
      preset: 'desktop',
      with: {
        user: 'visitor',
        compositor: 'cage',
        page: 'file:///srv/page/index.html',
        sound: false,
        bluetooth: false,
        wifi: false,
        xwayland: false,
        portals: false,
      },
    },
  ],
  hostname: 'kiosk',
  files: { '/srv/page/index.html': { from: './index.html' } },
  // The user that shows the page may not become another one.
  users: { visitor: { sudo: false } },
  tests: [
    {
      name: 'the page fills the screen',
      timeout: 1200,
      async run(guest) {
        await guest.waitForPixels((screen) => screen.share(GREEN) > 0.8, PATIENT);
      },
    },
    {
      name: 'what is typed reaches it',
      timeout: 1200,
      async run(guest) {
        await enter(guest, 'Ada Lovelace', BLUE);
        await enter(guest, 'nobody', GREEN);
      },
    },
    {
      name: 'no key leaves it',
      timeout: 1200,
      async run(guest) {
        const before = await guest.ok(BROWSER);
        const isThere = async (pressed: string) => {
          // By then the result is visible.
          await guest.ok('sleep 15');
          const screen = await guest.screenshot();
          if (screen.share(BLUE) < 0.8) throw new Error(`after ${pressed} the page is gone`);
        };
        // The page is blue as long as it is not reloaded, then green.
        await enter(guest, 'Ada Lovelace', BLUE);
        // Another console, another page in a tab or window, the address field.
        await guest.keys('ctrl+alt+F2', 'ctrl+t', 'ctrl+n', 'ctrl+l', 'F6');
        await guest.type('file:///etc/passwd\n');
        await isThere('an address');
        await guest.keys(
          'XF86Favorites',
          'XF86HomePage',
          'F11',
          'F12',
          'ctrl+o',
          'ctrl+w',
          'alt+F4',
          'ctrl+q',
        );
        await isThere('keys of the window');
        // The page still has the keyboard focus.
        await enter(guest, 'nobody', GREEN);
        await enter(guest, 'Ada Lovelace', BLUE);
        // The link in a new tab.
        await guest.keys('Tab', 'ctrl+Return');
        await isThere('a second tab');
        await guest.keys('shift+Tab');
        const now = await guest.ok(BROWSER);
        if (now !== before) throw new Error('the browser was ended');
      },
    },
    {
      name: 'a page of another site gives way to it',
      timeout: 1200,
      async run(guest) {
        await enter(guest, 'Ada Lovelace', BLUE);
        // The link points to a blocked site. Green again is the reloaded page.
        await guest.keys('Tab');
        await guest.ok('sleep 3');
        await guest.keys('Return');
        await guest.waitForPixels((screen) => screen.share(GREEN) > 0.8, PATIENT);
      },
    },
    {
      name: 'a browser that crashes comes back',
      timeout: 1200,
      async run(guest) {
        const before = await guest.ok(BROWSER);
        await guest.ok(`kill -SEGV ${before}`);
        await guest.ok(`until p=$(${BROWSER}) && [ "$p" != ${before} ]; do sleep 1; done`, PATIENT);
        await guest.waitForPixels((screen) => screen.share(GREEN) > 0.8, PATIENT);
      },
    },
  ],
});
