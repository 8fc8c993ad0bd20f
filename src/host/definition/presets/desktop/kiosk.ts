/** A kiosk in cage(1): the program that it shows, and policies of its browser. Pure. */
import { shellQuote } from '../../../sys/command.js';
import type { MachineInput } from '../../machine.js';
import type { DesktopOptions } from './options.js';
import type { Program } from './parts.js';

type Files = NonNullable<MachineInput['files']>;

/** The command line of the program that cage shows. */
export function kioskProgram({ program, page }: DesktopOptions, browser: Program | undefined): string {
  if (program !== undefined) return program;
  const command = browser?.command ?? '';
  return page === undefined ? command : `${command} --kiosk ${shellQuote(page)}`;
}

/**
 * Policies of a browser that shows one page: it stays on the page's site and asks nothing at the first start.
 */
export function kioskFiles({ compositor, page, browser }: DesktopOptions): Files {
  if (compositor !== 'cage') return {};
  // SysRq keys reboot and kill, whatever is on the screen.
  const sysrq = { '/etc/sysctl.d/60-mkma-kiosk.conf': 'kernel.sysrq = 0\n' };
  if (page === undefined) return sysrq;
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  if (browser === 'firefox-esr') {
    return { ...sysrq, '/etc/firefox/policies/policies.json': json({ policies: firefox(page) }) };
  }
  if (browser === 'chromium') {
    return { ...sysrq, '/etc/chromium/policies/managed/mkma-kiosk.json': json(chromium(page)) };
  }
  return sysrq;
}

/** The site of a page; for a file, its folder. */
function siteOf(page: string): string {
  const { protocol, hostname } = new URL(page);
  // Patterns of Firefox have no ports: all ports of the host match.
  return protocol === 'file:' ? page.replace(/[^/]*$/, '') : `${protocol}//${hostname}/`;
}

/** Policies of Firefox (mozilla.github.io/policy-templates). */
function firefox(page: string): unknown {
  return {
    Homepage: { URL: page, Locked: true, StartPage: 'homepage' },
    WebsiteFilter: { Block: ['<all_urls>'], Exceptions: [`${siteOf(page)}*`] },
    NewTabPage: false,
    OverrideFirstRunPage: '',
    OverridePostUpdatePage: '',
    DontCheckDefaultBrowser: true,
    DisableAppUpdate: true,
    DisableTelemetry: true,
    DisableDeveloperTools: true,
    DisablePrivateBrowsing: true,
    DisableProfileImport: true,
    DisableFormHistory: true,
    DisableFirefoxAccounts: true,
    DisableSafeMode: true,
    BlockAboutAddons: true,
    BlockAboutConfig: true,
    BlockAboutProfiles: true,
    BlockAboutSupport: true,
    InstallAddonsPermission: { Default: false },
    OfferToSaveLogins: false,
    PasswordManagerEnabled: false,
    PrintingEnabled: false,
    // No files are uploaded from the machine or saved to it.
    AllowFileSelectionDialogs: false,
    // Requests for camera, microphone, location and notifications are denied without a prompt.
    Permissions: Object.fromEntries(
      ['Camera', 'Microphone', 'Location', 'Notifications', 'VirtualReality'].map((name) => [
        name,
        { BlockNewRequests: true, Locked: true },
      ]),
    ),
    // After a crash the page is restored without a question.
    Preferences: {
      'browser.sessionstore.resume_from_crash': { Value: false, Status: 'locked' },
      'toolkit.startup.max_resumed_crashes': { Value: -1, Status: 'locked' },
      'browser.aboutwelcome.enabled': { Value: false, Status: 'locked' },
    },
  };
}

/** Policies of Chromium (chromeenterprise.google/policies). */
function chromium(page: string): unknown {
  return {
    HomepageLocation: page,
    HomepageIsNewTabPage: false,
    NewTabPageLocation: page,
    URLBlocklist: ['*'],
    // The dot: only that host, not its subdomains.
    URLAllowlist: [siteOf(page).replace(/^(https?:\/\/)/, '$1.')],
    DeveloperToolsAvailability: 2,
    IncognitoModeAvailability: 1,
    BrowserAddPersonEnabled: false,
    BrowserGuestModeEnabled: false,
    PasswordManagerEnabled: false,
    AutofillAddressEnabled: false,
    PrintingEnabled: false,
    ExtensionInstallBlocklist: ['*'],
    MetricsReportingEnabled: false,
    DefaultBrowserSettingEnabled: false,
    HideWebStoreIcon: true,
    AllowFileSelectionDialogs: false,
    VideoCaptureAllowed: false,
    AudioCaptureAllowed: false,
    // 2: no page may.
    DefaultGeolocationSetting: 2,
    DefaultNotificationsSetting: 2,
  };
}
