/** Stable words for counters and logs: why a packet got no reply and changed nothing. */
export type IgnoreReason =
  /** The client's packets come faster than any client's would. */
  | 'rate_limited'
  /** All clients' packets together come faster than the limit. */
  | 'overload'
  /** No declared subnet covers where the packet came from. */
  | 'no_subnet'
  /** `giaddr` names no relay that a subnet expects, or one that a reply must never go to. */
  | 'untrusted_relay'
  /** `giaddr` is this host: `railhead doctor` asks who else serves here. */
  | 'own_probe'
  /** Option 82 from a client itself. */
  | 'relay_information_without_relay'
  /** Option 82 of more than 255 bytes. */
  | 'relay_information_too_long'
  /** `ciaddr` is not where the packet came from. */
  | 'spoofed_source'
  /** The subnet's mode is off, or auto found nothing to do. */
  | 'not_served'
  /** The client is unknown and the subnet serves known machines only. */
  | 'denied'
  /** Another server leases here, and the subnet is set to be served by one alone. */
  | 'foreign_server'
  | 'pool_exhausted'
  /** Unknown clients took most of the pool without finishing; new ones wait. */
  | 'pool_pressure'
  /** The client chose another server. */
  | 'other_server'
  /** The client claims a lease that is not in our records, and the subnet is not authoritative. */
  | 'unknown_lease'
  /** It would have been refused, and the machine records that say so have not been read yet. */
  | 'records_unknown'
  /** A DHCPRELEASE or DHCPDECLINE for an address that is not the sender's. */
  | 'not_the_holder'
  /** More DHCPDECLINEs than a fault explains. */
  | 'decline_flood'
  /** Neither PXE nor UEFI HTTP Boot, on a subnet where another server leases. */
  | 'not_a_boot_client'
  /** A boot client for which there is nothing to boot. */
  | 'nothing_to_boot'
  /** A BOOTP request, and BOOTP is off, or only for reserved addresses and none is reserved. */
  | 'bootp'
  /** A message type that no server answers. */
  | 'message_type'
  /** Required fields are missing or contradict each other. */
  | 'incomplete'
  /** There is no address to which an answer could go. */
  | 'no_return_address';
