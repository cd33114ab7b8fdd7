/** Every line that the test OS prints for programs begins with this. */
export const TEST_OS_LINE_PREFIX = 'railhead-lab: ';

/**
 * The first process of the test OS, for busybox's shell. It does what Flatcar's initramfs does, in the same order:
 * configure the network by DHCP with the MAC address as client identifier, let Ignition fetch the config named on the
 * kernel command line, and apply it to the root file system. Then it prints the state of the root file system, runs the
 * units that the config enables, reports, and switches the machine off. A unit that restarts the machine is the end.
 *
 * Kernel arguments: `ignition.config.url`, as for Flatcar; `railhead.report`, a URL to which the result is posted;
 * `railhead.show`, files of the applied root to print, separated by commas; `railhead.then=wait` keeps the machine on.
 *
 * With `railhead.from=disk` it is an installed system: it reports that it is up to the URL that the installer left on the
 * disk, and obeys what is typed on the serial port, `restart` or `off`.
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
obey() {
  while read -r command; do
    sync
    case $command in restart) reboot -f ;; off) poweroff -f ;; esac
  done
  fail "nothing more can be typed"
}
# The commands of a unit's oneshot service, one after the other, as systemd runs them.
run_unit() {
  sed -n 's/^ExecStart=//p' "/sysroot/etc/systemd/system/$1" | while read -r command; do
    $command < /dev/null || say "unit $1 failed: status $?"
  done
}

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

if [ "$(argument railhead.from)" = disk ]; then
  say "booted from disk"
  # Sector 1024 is behind the boot loader and before the first partition.
  url="$(dd if=/dev/vda bs=512 skip=1024 count=2 2> /dev/null | tr -d '\\000')"
  timeout 15 post "$url&status=up" "up" && say "reported: up" || say "report failed: $url"
  obey
fi

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
ln -s /sysroot/opt /opt
for unit in $(sed -n 's/^enable //p' /sysroot/etc/systemd/system-preset/*.preset 2> /dev/null); do
  run_unit "$unit"
done
finish "done"
`;
