/** The script that busybox's DHCP client runs for each event: it sets the address, the gateway and the name servers. */
const UDHCPC_SCRIPT = `#!/bin/sh
case $1 in
  deconfig)
    ip address flush dev "$interface"
    ;;
  bound | renew)
    ip address replace "$ip/$mask" dev "$interface"
    for gateway in $router; do ip route replace default via "$gateway" dev "$interface"; done
    for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf
    [ -n "$hostname" ] && hostname "$hostname"
    ;;
esac
exit 0
`;

/** Opens a connection to the server of the URL in $1, and reads the status of its answer. */
const HTTP_SCRIPT = `
[[ $1 =~ ^http://([^/:]+):?([0-9]*)(/.*)$ ]] || exit 2
host=\${BASH_REMATCH[1]} port=\${BASH_REMATCH[2]:-80} path=\${BASH_REMATCH[3]}
exec 3<> "/dev/tcp/$host/$port" || exit 1
`;

/**
 * `post URL TEXT`, for bash, which opens the connection itself: the client in a statically linked busybox crashes with
 * the libraries of dynamic programs. Succeeds on an answer of 2xx.
 */
const POST_SCRIPT = `#!/bin/bash${HTTP_SCRIPT}printf 'POST %s HTTP/1.1\\r\\nHost: %s\\r\\nContent-Type: text/plain\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%s' \\
  "$path" "$host:$port" "\${#2}" "$2" >&3
read -r _ status _ <&3
[[ $status = 2* ]]
`;

/** `get URL` prints a document; it succeeds if the answer is 200. HTTP/1.0 has no chunks, so the body is the rest. */
const GET_SCRIPT = `#!/bin/bash${HTTP_SCRIPT}printf 'GET %s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n' "$path" "$host:$port" >&3
read -r _ status _ <&3
while read -r line <&3 && [ "$line" != $'\\r' ]; do :; done
[ "$status" = 200 ] || exit 1
cat <&3
`;

/** The scripts of the test OS beside its first process, by their paths. */
export const TEST_OS_SCRIPTS: Readonly<Record<string, string>> = {
  'etc/udhcpc.script': UDHCPC_SCRIPT,
  'usr/bin/post': POST_SCRIPT,
  'usr/bin/get': GET_SCRIPT,
};
