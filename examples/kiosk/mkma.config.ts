// One page, full screen: restarted when it crashes, and no key leads out of it. The page lies in the machine; any address will do.
import { defineMachine } from 'mkma';

/** The colours of the page, for the test. */
const GREEN: [number, number, number] = [38, 106, 46];
const BLUE: [number, number, number] = [36, 68, 120];
const PATIENT = { timeout: 900 };

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
  // Who shows a page becomes nobody else.
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
        // It turns blue for that name alone.
        await guest.type('Ada Lovelace\n');
        await guest.waitForPixels((screen) => screen.share(BLUE) > 0.8, PATIENT);
        await guest.type('nobody\n');
        await guest.waitForPixels((screen) => screen.share(GREEN) > 0.8, PATIENT);
      },
    },
    {
      name: 'no key leads out of it',
      timeout: 1200,
      async run(guest) {
        // Another console, another address, the tools of developers, another window, the end of the browser.
        await guest.keys('ctrl+alt+F2', 'ctrl+t', 'ctrl+l');
        await guest.type('file:///etc/passwd\n');
        await guest.keys('F12', 'F11', 'ctrl+n', 'alt+F4');
        await guest.keys('ctrl+q');
        await guest.waitForPixels((screen) => screen.share(GREEN) > 0.8, PATIENT);
      },
    },
    {
      name: 'a browser that crashes comes back',
      timeout: 1200,
      async run(guest) {
        const pid = 'pgrep --oldest --uid visitor firefox';
        const before = await guest.ok(pid);
        await guest.ok(`kill -SEGV ${before}`);
        await guest.ok(`until p=$(${pid}) && [ "$p" != ${before} ]; do sleep 1; done`, PATIENT);
        await guest.waitForPixels((screen) => screen.share(GREEN) > 0.8, PATIENT);
      },
    },
  ],
});
