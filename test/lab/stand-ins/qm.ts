/** `qm`: the commands for VMs of this node. */

import { qm } from './qm-command.ts';
import { runTool } from './tool-error.ts';

await runTool(qm);
