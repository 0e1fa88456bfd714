export const askedLine = 'pvebak was asked';

/**
 * What ssh runs to ask for a password or passphrase (ssh(1), SSH_ASKPASS). It answers the connection's own client
 * alone: a jump host's client, which inherits the variable, must not get this host's password. And it answers twice at
 * most, so that a server cannot go on asking. SSH_ASKPASS_PROMPT is set where the question is no such question.
 * That it was asked it says on stderr, which is the client's.
 */
export const askpassScript = `#!/bin/sh
dir=\${0%/*}
[ -z "$SSH_ASKPASS_PROMPT" ] || exit 1
read -r client <"$dir/client" && [ "$PPID" = "$client" ] || exit 1
mkdir "$dir/asked" 2>/dev/null || mkdir "$dir/asked-again" 2>/dev/null || exit 1
echo '${askedLine}' >&2
IFS= read -r answer <"$dir/answer" && printf '%s\\n' "$answer"
`;
