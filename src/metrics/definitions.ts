/** What is said of a metric to whoever reads it. */
interface Described {
  /** One line: what is counted or measured, and in which unit. */
  readonly help: string;
  readonly labels?: readonly string[];
}

/** A metric that is measured by its distribution. */
interface Measured extends Described {
  /** Upper bounds, in the unit of the metric. */
  readonly buckets: readonly number[];
}

/**
 * The counts of `Counters`, by the name of the family. `dhcp_sent` is exported as `railhead_dhcp_sent_total`, and the
 * label of the family has the name that stands here.
 */
export const COUNTS = {
  dhcp_received: { help: 'Packets that came to ports 67 and 4011.' },
  dhcp_sent: { help: 'DHCP replies by message type.', labels: ['type'] },
  dhcp_accepted: { help: 'DHCP messages that changed a lease and get no reply.', labels: ['notice'] },
  dhcp_ignored: { help: 'DHCP requests that got no reply and changed nothing.', labels: ['reason'] },
  dhcp_malformed: { help: 'Packets that are not valid DHCP requests.', labels: ['reason'] },
  dhcp_lease_commits: { help: 'Transactions that wrote leases.' },
  dhcp_lease_commits_failed: { help: 'Transactions with leases that failed.' },
  dhcp_conflicts: { help: 'Addresses that were about to be offered, but that a host without a lease used.' },
  dhcp_socket_errors: { help: 'Errors of DHCP sockets, by the code of the system.', labels: ['code'] },
  dhcp_faults: { help: 'DHCP packets that could not be handled because of a bug.' },
  dns_updates: { help: 'Updates of DNS by result.', labels: ['result'] },
  webhook_deliveries: { help: 'Deliveries of webhooks by result.', labels: ['result'] },
  tftp_transfers: { help: 'TFTP transfers by how they ended.', labels: ['outcome'] },
  tftp_sent_bytes: { help: 'Bytes of files that were sent completely over TFTP.' },
  tftp_resent_packets: { help: 'TFTP packets that were sent again.' },
  tftp_repeated_requests: { help: 'TFTP requests that came again while their transfer was running.' },
  tftp_rejected: { help: 'TFTP requests that were refused or not answered.', labels: ['reason'] },
  tftp_ignored: {
    help: 'Packets that are neither a TFTP request nor part of a transfer.',
    labels: ['reason'],
  },
  tftp_no_room: { help: "Times a transfer waited for room in the kernel's send buffer." },
  tftp_send_errors: {
    help: 'TFTP packets that could not be sent, by the code of the system.',
    labels: ['code'],
  },
  tftp_faults: { help: 'TFTP packets that could not be handled because of a bug.' },
  http_requests: { help: 'Requests to the boot plane over HTTP.', labels: ['status'] },
  boot_events: { help: 'Events of boots that were recorded.', labels: ['kind'] },
  boot_events_left_out: { help: 'Events of boots that are not in the history.', labels: ['reason'] },
  boot_outcomes: { help: 'Boot sessions by how they ended.', labels: ['outcome'] },
  access_refused: { help: 'Requests for secrets that were refused or are suspicious.', labels: ['reason'] },
  life_events_left_out: {
    help: 'Changes in the lives of machines that were left out because there were too many.',
  },
  log_lines_lost: { help: 'Log lines that could not be written.' },
} as const satisfies Readonly<Record<string, Described & { readonly labels?: readonly [string] }>>;

/** Values that are read when somebody asks for them. */
export const GAUGES = {
  railhead_build_info: { help: 'Always 1; the labels say which program runs.', labels: ['version', 'node'] },
  railhead_ready: { help: '1 if every part of the program can serve.' },
  railhead_part_ready: { help: '1 if this part of the program can serve.', labels: ['part'] },
  railhead_store_healthy: { help: '1 if the database takes writes.' },
  railhead_machines: { help: 'Machines by the state of their life.', labels: ['state'] },
  railhead_machine_conditions: { help: 'Machines that have a condition.', labels: ['condition'] },
  railhead_arm_active: { help: 'Machines that are armed, by purpose.', labels: ['purpose'] },
  railhead_pool_addresses: { help: 'Addresses in the pools of a network.', labels: ['subnet'] },
  railhead_leases: {
    help: 'Addresses of a network that are in use or kept for their clients.',
    labels: ['subnet', 'state'],
  },
  railhead_foreign_dhcp_servers: {
    help: 'Other DHCP servers that clients of a network named within the last day.',
    labels: ['subnet'],
  },
  railhead_catalog_generation_info: {
    help: 'Always 1; the labels say which generation of the catalog serves, and from where it is.',
    labels: ['generation', 'from'],
  },
  railhead_catalog_valid: { help: '1 if the files as they are now serve, without a problem.' },
  railhead_catalog_problems: { help: 'Problems in the catalog.' },
  railhead_catalog_warnings: { help: 'Warnings about the catalog.' },
  railhead_catalog_stand_ins: { help: 'Files of which an earlier version serves.' },
  railhead_catalog_documents: { help: 'Documents of the generation that serves.', labels: ['kind'] },
  railhead_catalog_loaded_timestamp_seconds: {
    help: 'When the generation that serves was loaded, in seconds since 1970.',
  },
  railhead_catalog_checked_timestamp_seconds: {
    help: 'When the catalog was last read, in seconds since 1970.',
  },
  railhead_catalog_load_seconds: { help: 'How long the latest load of the catalog took.' },
  railhead_boot_sessions_moving: { help: 'Boot sessions whose next step is expected.' },
  railhead_boot_events_waiting: { help: 'Events of boots that wait to be written.' },
  railhead_event_lag_seconds: { help: 'For how long the oldest event of a boot has waited to be written.' },
  railhead_sse_clients: { help: 'Open event streams.' },
  railhead_certificate_expiry_timestamp_seconds: {
    help: 'When the certificate of the API ends, in seconds since 1970; absent without TLS.',
  },
  railhead_dns_updates_pending: { help: 'Updates of DNS that wait for a server.' },
} as const satisfies Readonly<Record<string, Described>>;

const BOOT_SECONDS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800];

/** Durations that are measured as they happen. */
export const HISTOGRAMS = {
  railhead_http_request_duration_seconds: {
    help: 'From the head of a request until its answer was handed to the system.',
    labels: ['plane', 'route', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
  },
  railhead_dhcp_reply_duration_seconds: {
    help: 'From the receipt of a DHCP request until its reply was sent, with the write of the lease.',
    buckets: [0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5],
  },
  railhead_boot_phase_duration_seconds: {
    help: 'From the first step of a phase of a boot until the first step of the next one.',
    labels: ['phase'],
    buckets: BOOT_SECONDS,
  },
  railhead_boot_duration_seconds: {
    help: 'From the first packet of a boot until its config was sent, or it was sent to its disk.',
    buckets: BOOT_SECONDS,
  },
} as const satisfies Readonly<Record<string, Measured>>;

export type GaugeName = keyof typeof GAUGES;
export type HistogramName = keyof typeof HISTOGRAMS;

/** The name under which a family of counts is exported. */
export function exportedCountName(family: string): string {
  return `railhead_${family}_total`;
}
