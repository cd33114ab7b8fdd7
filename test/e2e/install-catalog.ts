import type { RackMachine } from '../../src/lab/rack.ts';

/** What the installer of a machine does beside installing. */
export type InstallerBehaviour = 'installs' | 'hangs' | 'restarts without a report';

/** A machine of the catalog. */
export interface InstalledMachine {
  readonly machine: RackMachine;
  /** `arm` of its group. */
  readonly arm: 'auto' | 'manual';
  readonly installer: InstallerBehaviour;
}

/**
 * A catalog whose machines are installed once: the profile needs an arm and protects its configs, and the installed
 * system has a config of its own.
 */
export function installCatalog(machines: readonly InstalledMachine[]): Readonly<Record<string, string>> {
  const records = machines.map(({ arm, installer, machine: { mac, name } }) => [
    `machines/${name}.yaml`,
    `id: ${name}
mac: "${mac}"
labels: {arm: ${arm}}
metadata: {hangs: ${installer === 'hangs'}, silent: ${installer === 'restarts without a report'}}
`,
  ]);
  return {
    'profiles/install.yaml': `id: install
boot:
  kernel: /assets/test-os/vmlinuz
  initrd: [/assets/test-os/initrd.img]
  args: [initrd=initrd.img, console=ttyS0, quiet, no_timer_check, "ignition.config.url={{ignition_url}}"]
ignition: install.bu
lifecycle: install
protect: session
`,
    'profiles/install.bu': INSTALLER,
    'profiles/installed.yaml': 'id: installed\nignition: installed.bu\n',
    'profiles/installed.bu': INSTALLED,
    'groups/auto.yaml': 'id: auto\nprofile: install\nselector: {arm: auto}\narm: auto\n',
    'groups/manual.yaml': 'id: manual\nprofile: install\nselector: {arm: manual}\n',
    'groups/auto-installed.yaml':
      'id: auto-installed\nprofile: installed\nselector: {arm: auto, os: installed}\n',
    'groups/manual-installed.yaml':
      'id: manual-installed\nprofile: installed\nselector: {arm: manual, os: installed}\n',
    ...(Object.fromEntries(records) as Record<string, string>),
  };
}

/** Writes a disk in two halves, and leaves the report URL of the installed system's own config on it. */
const INSTALLER = `variant: flatcar
version: 1.0.0
storage:
  files:
    - path: /etc/hostname
      mode: 0644
      contents:
        inline: {{json machine.id}}
    - path: /opt/railhead/install
      mode: 0755
      contents:
        inline: |
          #!/bin/bash
          set -u -o pipefail
          say() { echo "installer: $*"; }
          report() { timeout 20 post "{{report_url}}&status=$1&phase=$2" "$3" || say "the report was not taken"; }
          fail() { say "failed: $1"; report failed "$1" "failed: $1"; exit 1; }
          say begins
          {{#if silent}}
          reboot -f
          {{/if}}
          report progress started "installing on /dev/vda"
          get "{{server.url}}/assets/test-os/disk.img" > /tmp/image || fail image
          dd if=/tmp/image of=/dev/vda bs=1M count=4 conv=fsync 2> /dev/null || fail write
          say "half written"
          {{#if hangs}}
          sleep 3600
          {{/if}}
          get "{{installed_ignition_url}}" > /tmp/installed.ign || fail config
          dd if=/tmp/image of=/dev/vda bs=1M skip=4 seek=4 conv=fsync 2> /dev/null || fail write
          url=$(sed -n 's/.*"data:,\\(http[^"]*\\)".*/\\1/p' /tmp/installed.ign)
          printf '%b' "\${url//%/\\\\x}" | dd of=/dev/vda bs=512 seek=1024 conv=notrunc,fsync 2> /dev/null || fail write
          report installed restarting "installed on /dev/vda"
          say "installed"
          reboot -f
systemd:
  units:
    - name: install.service
      enabled: true
      contents: |
        [Service]
        Type=oneshot
        ExecStart=/opt/railhead/install

        [Install]
        WantedBy=multi-user.target
`;

const INSTALLED = `variant: flatcar
version: 1.0.0
storage:
  files:
    - path: /opt/railhead/up-url
      mode: 0600
      contents:
        inline: {{json report_url}}
`;
