import { EXIT_STATUS } from '../exit-status.ts';
import { gatherFacts } from '../gather-facts.ts';
import { openNamedSite, openSiteRepositories } from '../open-site.ts';
import { encodeFactsFile } from '../saved/facts-file.ts';
import { writePrivateFile } from '../saved/write-private-file.ts';
import type { Surroundings } from '../surroundings.ts';
import { terminalSafe } from '../view/terminal-safe.ts';

import { withContents } from '../with-contents.ts';

/** Records what hosts and repositories say now, for `plan --facts`. */
export async function factsCommand(
  file: string,
  { out }: { readonly out?: string },
  surroundings: Surroundings,
): Promise<number> {
  const { site, name } = await openNamedSite(file, surroundings, { trust: 'all' });
  const opening = await openSiteRepositories(site, surroundings);
  const restoreNames = site.restores.map(({ name: intent }) => intent);
  const facts = await withContents(await gatherFacts(site, opening, surroundings), site, {
    repositories: await opening.opened,
    restoreNames,
  });
  const { programVersion, stdout, stderr } = surroundings;
  const text = encodeFactsFile({
    kind: 'pvebak-facts',
    version: 1,
    madeBy: programVersion,
    site: name,
    facts,
  });
  if (out === undefined) stdout.write(text);
  else await writePrivateFile(out, text);
  const silent = [...facts.hosts].flatMap(([host, found]) =>
    found.kind === 'unreachable' ? [`host ${host} could not be asked: ${found.reason}`] : [],
  );
  for (const line of silent) stderr.write(`${terminalSafe(`pvebak: ${line}`)}\n`);
  return silent.length > 0 ? EXIT_STATUS.incomplete : EXIT_STATUS.done;
}
