import { startLab } from '../lab/lab.ts';
import { Draws } from './draws.ts';
import { GuardedSite } from './guarded-site.ts';

/** A lab with a node for each lane, and a site on each. */
export interface GuardedSites {
  use<T>(lane: number, work: (site: GuardedSite) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** @param size.backups how many each site's repository has of each guest */
export async function guardedSites(
  seed: string,
  { lanes, backups }: { readonly lanes: number; readonly backups: number },
): Promise<GuardedSites> {
  const nodes = Array.from({ length: lanes }, (_, lane) => `pve${lane + 1}`);
  const lab = await startLab({ nodes });
  const start = (lane: number) => GuardedSite.start(lab, lane, { backups, draws: new Draws(seed) });
  const sites = await Promise.all(nodes.map((_, lane) => start(lane)));
  return {
    use(lane, work) {
      const site = sites[lane];
      if (site === undefined) throw new Error(`no lane ${lane}`);
      return work(site);
    },
    async stop() {
      for (const site of sites) site[Symbol.dispose]();
      await lab.stop();
    },
  };
}
