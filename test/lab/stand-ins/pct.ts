/** `pct`: the commands for containers of this node. */

import { pct } from './pct-command.ts';
import { runTool } from './tool-error.ts';

await runTool(pct);
