import type { GuestType } from './guest.ts';

/**
 * Keys of a guest's configuration that concern the guest alone, whatever their values; a number at the end is left off.
 * Of Proxmox VE 7.4, 8.4 and 9.2. What Proxmox VE lets only root@pam set, and only because it costs the node something
 * (`hugepages`, `affinity`), is among them; a key that is missing here is judged by `host-access.ts`.
 * Sources: qemu-server PVE/QemuServer.pm ($confdesc), PVE/API2/Qemu.pm ($check_vm_modify_config_perm);
 * pve-container PVE/LXC/Config.pm ($confdesc), PVE/LXC.pm (check_ct_modify_config_perm).
 */
export function isHarmlessKey(type: GuestType, key: string): boolean {
  return HARMLESS[type].has(key) || HARMLESS[type].has(key.replace(NUMBER, 'N'));
}

/** Bounded, since the keys may be somebody's who wants us to be slow. */
const NUMBER = /\d{1,3}$/;

const OF_BOTH = words(
  'cores cpulimit cpuunits description lock memory nameserver netN onboot ostype parent protection searchdomain snapstate',
  'snaptime startup tags template unusedN arch',
);

const HARMLESS: Readonly<Record<GuestType, ReadonlySet<string>>> = {
  qemu: new Set([
    ...OF_BOTH,
    ...words(
      'acpi affinity agent allow-ksm amd-sev audioN autostart balloon bios boot bootdisk cipassword citype ciupgrade ciuser cpu',
      'freeze hotplug hugepages intel-tdx ipconfigN keephugepages keyboard kvm localtime machine meta migrate_downtime',
      'migrate_speed name numa numaN reboot runningcpu runningmachine running-nets-host-mtu scsihw shares smbiosN smp',
      'sockets spice_enhancements sshkeys startdate tablet tdf vcpus vga vmgenid vmstatestorage watchdog',
    ),
  ]),
  lxc: new Set([
    ...OF_BOTH,
    ...words('cmode console debug entrypoint env hostname swap timezone tty'),
    // What Proxmox VE itself writes for a container that it makes of an OCI image: it acts inside of the container.
    ...words(
      'lxc.environment.runtime lxc.init.cwd lxc.init.uid lxc.init.gid lxc.init.groups lxc.signal.halt',
    ),
  ]),
};

function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '));
}
