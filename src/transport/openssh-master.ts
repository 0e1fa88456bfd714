import { access, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultConnectTimeoutMs, type MasterRequest, masterArguments } from './openssh-arguments.ts';
import { makeOpensshFolder, type OpensshFolder } from './openssh-folder.ts';
import { askedSecret, type OpensshShellOptions } from './openssh-options.ts';
import { type Supervised, startSupervisor } from './openssh-supervisor.ts';
import { lastWords } from './openssh-words.ts';

/** A connection that is logged in, held by a client of its own that other clients run their commands through. */
export interface OpensshMaster {
  readonly folder: OpensshFolder;
  /** Aborts when the connection has ended, with the reason. */
  readonly connection: AbortSignal;
  /** Resolves when the client and its folder are gone. */
  readonly end: () => Promise<void>;
}

/** How far a client came that did not log in. */
export interface MasterFailure {
  readonly kind: 'failed';
  readonly status: number;
  readonly stderr: string;
  /** The host keys the server showed, as `judgeShownKey` takes them. */
  readonly shown: string;
  readonly timedOut: boolean;
}

export type MasterOutcome = { readonly kind: 'connected'; readonly master: OpensshMaster } | MasterFailure;

const pollMs = 10;

/**
 * Connects and logs in. Whatever ends this process, the client ends with it.
 * @throws the signal's reason on abort, once nothing is left
 */
export async function startMaster(
  request: MasterRequest,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<MasterOutcome> {
  signal?.throwIfAborted();
  const folder = await makeOpensshFolder(request.options);
  try {
    return await login(request, folder, signal);
  } finally {
    await folder.forgetSecret();
  }
}

async function login(
  request: MasterRequest,
  folder: OpensshFolder,
  signal: AbortSignal | undefined,
): Promise<MasterOutcome> {
  const { options } = request;
  const client = startSupervisor(
    [folder.path, options.program ?? 'ssh', ...masterArguments(request, folder)],
    environmentOf(options, folder),
  );
  const deadline = performance.now() + (options.connectTimeoutMs ?? defaultConnectTimeoutMs);
  const late = () => performance.now() >= deadline;
  while (client.running() && !signal?.aborted && !late()) {
    if (await exists(folder.socket)) return { kind: 'connected', master: hold(client, folder) };
    await Promise.race([client.ended, sleep(pollMs)]);
  }
  const timedOut = client.running();
  const ended = await client.end();
  await rm(folder.path, { recursive: true, force: true });
  signal?.throwIfAborted();
  return { kind: 'failed', timedOut, ...ended };
}

function environmentOf(options: OpensshShellOptions, folder: OpensshFolder): NodeJS.ProcessEnv {
  const environment = { ...options.environment };
  if (askedSecret(options.login) === undefined) return environment;
  return { ...environment, SSH_ASKPASS: folder.askpass, SSH_ASKPASS_REQUIRE: 'force' };
}

function hold(client: Supervised, folder: OpensshFolder): OpensshMaster {
  const connection = new AbortController();
  void client.ended.then(({ stderr }) =>
    connection.abort(new Error(lastWords(stderr) ?? 'the connection was closed')),
  );
  return {
    folder,
    connection: connection.signal,
    async end() {
      connection.abort(new Error('the shell was closed'));
      await client.end();
    },
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
