import type { Role } from './roles.ts';

/** What a process says once it serves. */
export interface Started {
  readonly roles: readonly Role[];
  readonly development: boolean;
  /** Of the API, if it has that role. */
  readonly url?: string;
  /** While there is no administrator: where to create the first one. It works once. */
  readonly setupUrl?: string | undefined;
  /** The network that is served once there is an administrator, if it is more than this machine. */
  readonly later?: string | undefined;
}

/** What a person needs to know, and no more. */
export function bannerLines({ roles, development, url, setupUrl, later }: Started): string[] {
  const lines = [`Writeback serves: ${roles.join(', ')}.`];
  if (url !== undefined) lines.push(`  API        ${url}/api`);
  if (setupUrl !== undefined) {
    lines.push(`  Set up     ${setupUrl}`, '             This link creates the administrator, once.');
    if (later !== undefined)
      lines.push(`             Until then only this machine is served; then ${later} is.`);
  }
  if (development) lines.push('  Note       Development: runs may reach this machine (loopback).');
  return [...lines, '  Stop       Ctrl-C'];
}
