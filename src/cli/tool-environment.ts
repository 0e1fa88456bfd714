const PASSED_ON = /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|LANG|LC_\w+|TZ)$/;

/**
 * What the tools of the node that this program runs on see of its environment: no more than a login would give them.
 * Variables that hold secrets stay here; vzdump would hand them on to hook scripts, and any process shows its environment.
 */
export function toolEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.test(name)));
}
