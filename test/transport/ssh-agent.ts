import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real agent that holds one key. */
export async function startAgent(socket: string, identityFile: string) {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  while (!existsSync(socket)) await sleep(20);
  execFileSync('ssh-add', ['-q', identityFile], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return {
    socket,
    async [Symbol.asyncDispose]() {
      agent.kill();
      await once(agent, 'exit');
    },
  };
}
