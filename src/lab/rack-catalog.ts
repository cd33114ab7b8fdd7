import type { RackMachine } from './rack.ts';

/** The role of a machine of the rack, which selects its group. */
export interface RackRole {
  readonly machine: RackMachine;
  readonly role: string;
}

/** The profile of the test OS, like one of Flatcar, and its Butane template. */
export const RACK_PROFILE: Readonly<Record<string, string>> = {
  'profiles/test-os.yaml': `# A small Debian kernel with the Ignition that Flatcar has, to try all of booting but Flatcar itself.
id: test-os
boot:
  kernel: /assets/test-os/vmlinuz
  initrd: [/assets/test-os/initrd.img]
  args:
    - initrd=initrd.img
    - console=ttyS0
    - quiet
    # On a loaded host the emulated timer is late, which the kernel would take for a broken board, and stop.
    - no_timer_check
    - ignition.config.url={{ignition_url}}
    - railhead.show=/etc/role
    - railhead.report={{server.url}}/report?mac={{machine.mac}}
ignition: test-os.bu
`,
  'profiles/test-os.bu': `variant: flatcar
version: 1.0.0
passwd:
  users:
    - name: core
      ssh_authorized_keys: [{{json ssh_key}}]
storage:
  files:
    - path: /etc/hostname
      mode: 0644
      contents:
        inline: {{json (default hostname machine.hostname)}}
    - path: /etc/role
      mode: 0644
      contents:
        inline: {{json role}}
systemd:
  units:
    - name: hello.service
      enabled: true
      contents: |
        [Unit]
        Description=Says what this machine is for

        [Service]
        Type=oneshot
        ExecStart=/bin/echo this machine is for {{role}}

        [Install]
        WantedBy=multi-user.target
`,
};

/** A group for the machines of one role. */
export function rackGroup(role: string): Readonly<Record<string, string>> {
  return {
    [`groups/${role}.yaml`]: `id: ${role}
profile: test-os
selector: {role: ${role}}
metadata:
  ssh_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJpzCxm6fQwW1wYlYqZ8Xn5nF0Yk1L3rXbq0Q2cJtVxN ${role}
`,
  };
}

/** The record of a machine: its identity and its role. */
export function rackMachineRecord({ machine, role }: RackRole): Readonly<Record<string, string>> {
  return {
    [`machines/${machine.name}.yaml`]: `id: ${machine.name}
mac: "${machine.mac}"
hostname: ${machine.name}
labels: {role: ${role}}
`,
  };
}

/** The whole catalog of a rack with these machines. */
export function rackCatalog(roles: readonly RackRole[]): Readonly<Record<string, string>> {
  let files = RACK_PROFILE;
  for (const each of roles) files = { ...files, ...rackGroup(each.role), ...rackMachineRecord(each) };
  return files;
}
