/** Every line that the test OS prints for programs begins with this. */
export const TEST_OS_LINE_PREFIX = 'railhead-lab: ';

/**
 * The first process of the test OS, for busybox's shell. It does what Flatcar's initramfs does, in the same order:
 * configure the network by DHCP with the MAC address as client identifier, let Ignition fetch the config named on the
 * kernel command line, and apply it to the root file system. Then it prints the state of the root file system, reports,
 * and switches the machine off.
 *
 * Kernel arguments: `ignition.config.url`, as for Flatcar; `railhead.report`, a URL to which the result is posted;
 * `railhead.show`, files of the applied root to print, separated by commas; `railhead.then=wait` keeps the machine on.
 */
export const TEST_OS_INIT = `#!/bin/sh
set -o pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/
say() { echo "${TEST_OS_LINE_PREFIX}$*"; }
argument() { for word in $(cat /proc/cmdline); do case $word in "$1="*) echo "\${word#*=}"; return;; esac; done; }

report() {
  url=$(argument railhead.report)
  [ -z "$url" ] && return
  timeout 15 post "$url" "$1" && say "reported: $1" || say "report failed: $url"
}
finish() {
  report "$1"
  say "$1"
  if [ "$(argument railhead.then)" = wait ]; then
    say waiting
    while true; do sleep 3600; done
  fi
  sync
  poweroff -f
}
fail() { finish "failed: $*"; }

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
dmesg -n 1
say "started: $(uname -r)"

while read -r module; do
  insmod "/lib/modules/$module" || say "module failed: $module"
done < /lib/modules/order

card=
tries=0
while [ -z "$card" ] && [ $tries -lt 50 ]; do
  for folder in /sys/class/net/*; do
    [ -e "$folder/device" ] && card=\${folder##*/}
  done
  [ -z "$card" ] && sleep 0.1
  tries=$((tries + 1))
done
[ -z "$card" ] && fail "no network card"
ip link set lo up
ip link set "$card" up
say "mac: $(cat "/sys/class/net/$card/address")"
udhcpc -f -q -n -t 15 -T 2 -i "$card" -s /etc/udhcpc.script || fail "no address by DHCP"
say "address: $(ip -4 -o address show dev "$card" | sed 's/.*inet \\([0-9./]*\\).*/\\1/')"

mount -t tmpfs -o mode=755 root /sysroot
cp -a /sysroot.base/. /sysroot/
chown -R core:core /sysroot/home/core
mkdir -p /sysroot/proc /sysroot/dev /sysroot/run /sysroot/tmp
mount -o bind /dev /sysroot/dev
mount -o bind /proc /sysroot/proc

for stage in fetch-offline fetch disks mount files; do
  # The first word of a log line is its level; the config itself, which is printed too, may hold secrets.
  ignition -root=/sysroot -platform=metal -stage=$stage -log-to-stdout 2>&1 \\
    | while read -r level text; do
      case $level$text in
        *"no config dir"* | *"systemd journal"*) ;;
        INFO* | WARN* | ERR* | CRIT*) echo "ignition: $level $text" ;;
      esac
    done \\
    || fail "ignition stage $stage failed"
done

for file in $(cd /sysroot && find etc opt home var -type f 2> /dev/null | sort); do
  [ -e "/sysroot.base/$file" ] || say "file: /$file"
done
for file in $(argument railhead.show | tr , ' '); do
  say "content of $file: $(cat "/sysroot$file")"
done
[ -s /sysroot/etc/hostname ] || fail "the applied root has no /etc/hostname"
say "hostname: $(cat /sysroot/etc/hostname)"
finish "done"
`;

/** The script that busybox's DHCP client runs for each event: it sets the address, the gateway and the name servers. */
export const TEST_OS_UDHCPC_SCRIPT = `#!/bin/sh
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

/**
 * `post URL TEXT`, for bash, which opens the connection itself: the client in a statically linked busybox crashes with
 * the libraries of dynamic programs. Succeeds on an answer of 2xx.
 */
export const TEST_OS_POST_SCRIPT = `#!/bin/bash
[[ $1 =~ ^http://([^/:]+):?([0-9]*)(/.*)$ ]] || exit 2
host=\${BASH_REMATCH[1]} port=\${BASH_REMATCH[2]:-80} path=\${BASH_REMATCH[3]}
exec 3<> "/dev/tcp/$host/$port" || exit 1
printf 'POST %s HTTP/1.1\\r\\nHost: %s\\r\\nContent-Type: text/plain\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%s' \\
  "$path" "$host:$port" "\${#2}" "$2" >&3
read -r _ status _ <&3
[[ $status = 2* ]]
`;
