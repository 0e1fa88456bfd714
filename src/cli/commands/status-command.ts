import { judgeStatus } from '../../plan/status/judge-status.ts';
import type { SiteStatus, StatusLevel } from '../../plan/status/site-status.ts';
import { UserError } from '../../user-error.ts';
import { gatherFacts } from '../gather-facts.ts';
import { openSite, openSiteRepositories } from '../open-site.ts';
import type { Surroundings } from '../surroundings.ts';
import { errorText } from '../view/error-text.ts';
import { statusJson } from '../view/status-json.ts';
import { renderStatus } from '../view/status-text.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

/** Exit statuses of monitoring plugins. */
const PLUGIN_STATUS: Readonly<Record<StatusLevel, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

/** Grades every guest. Ends as monitoring plugins do: what keeps it from telling is unknown, and no status of its own. */
export async function statusCommand(
  file: string,
  { json }: { readonly json: boolean },
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, stderr, colour, signal } = surroundings;
  let status: SiteStatus;
  try {
    status = await askStatus(file, surroundings);
  } catch (error) {
    if (signal.aborted || !(error instanceof UserError)) throw error;
    stdout.write(`${terminalSafe(`PVEBAK UNKNOWN - ${error.message}`)}\n`);
    stderr.write(errorText(error));
    return PLUGIN_STATUS.unknown;
  }
  stdout.write(
    json ? `${JSON.stringify(statusJson(status), undefined, 2)}\n` : renderStatus(status, { colour }),
  );
  return PLUGIN_STATUS[status.level];
}

async function askStatus(file: string, surroundings: Surroundings): Promise<SiteStatus> {
  const site = await openSite(file, surroundings);
  const opening = await openSiteRepositories(site, surroundings);
  return judgeStatus(site, await gatherFacts(site, opening, surroundings));
}
