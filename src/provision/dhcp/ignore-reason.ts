/** Stable identifiers for counters and logs: why a packet got no reply and changed nothing. */
export type IgnoreReason =
  /** The client sends more packets than a working client would. */
  | 'rate_limited'
  /** All clients together send more packets than the limit. */
  | 'overload'
  /** No declared subnet contains the address or interface that the packet came from. */
  | 'no_subnet'
  /** `giaddr` is not a relay of any subnet, or an address to which no reply may be sent. */
  | 'untrusted_relay'
  /** `giaddr` is this host: the packet is a probe of `railhead doctor`, which looks for other servers. */
  | 'own_probe'
  /** Option 82 in a packet that was not relayed. */
  | 'relay_information_without_relay'
  /** Option 82 of more than 255 bytes. */
  | 'relay_information_too_long'
  /** `ciaddr` is not the source address of the packet. */
  | 'spoofed_source'
  /** The subnet's mode is off, or auto decided not to answer. */
  | 'not_served'
  /** Settings say that this card is never answered. */
  | 'never_answered'
  /** The client is unknown and the subnet serves known machines only. */
  | 'denied'
  /** Another server leases here, and the subnet is set to answer only known machines beside one. */
  | 'foreign_server'
  | 'pool_exhausted'
  /** Unknown clients took most of the pool without completing a lease; new ones wait. */
  | 'pool_pressure'
  /** The client chose another server. */
  | 'other_server'
  /** The client claims a lease that is not in our records, and the subnet is not authoritative. */
  | 'unknown_lease'
  /** The answer would be a DHCPNAK, but the machine records have not been read yet. */
  | 'records_unknown'
  /** A DHCPRELEASE or DHCPDECLINE for an address that does not belong to the sender. */
  | 'not_the_holder'
  /** Too many DHCPDECLINEs. */
  | 'decline_flood'
  /** Neither PXE nor UEFI HTTP Boot, on a subnet where another server leases. */
  | 'not_a_boot_client'
  /** A boot client, and there is nothing for it to boot. */
  | 'nothing_to_boot'
  /** A BOOTP request, and BOOTP is off, or only for reserved addresses and none is reserved. */
  | 'bootp'
  /** A message type that servers do not answer. */
  | 'message_type'
  /** Required fields are missing or contradict each other. */
  | 'incomplete'
  /** There is no address to send an answer to. */
  | 'no_return_address';
