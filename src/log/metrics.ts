import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Everything that is counted, named as the Postfix exporter does where it has a name. No label holds an address. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Metrics of one process. Workers send theirs to the parent, which adds them up. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name: `mailroom_${name}`, help, labelNames, registers });
  return {
    registry,
    up: new Gauge({ name: "mailroom_up", help: "Worker processes that answer", registers }),
    acknowledged: counter("acknowledged_total", "Messages accepted with 250"),
    delivered: counter("smtp_messages_processed_total", "Recipients by how an attempt ended", ["status"]),
    refused: counter("smtpd_messages_rejected_total", "Commands refused", ["code"]),
    connects: counter("smtpd_connects_total", "SMTP connections taken"),
    disconnects: counter("smtpd_disconnects_total", "SMTP connections ended"),
    tlsConnections: counter("smtpd_tls_connections_total", "SMTP connections that went to TLS", ["protocol"]),
    signIns: counter("smtpd_sign_ins_total", "Sign-ins by result: succeeded, refused, tooMany, unavailable", ["result"]),
    sendingStops: counter("sending_stops_total", "People whose mail was held since they reached the hard stop"),
    bounces: counter("bounce_non_delivery_notification_total", "DSNs written"),
    quarantined: counter("quarantined_total", "Messages quarantined"),
    duplicateRisk: counter("duplicate_risk_total", "Copies whose next hop closed after the final dot: sent again, perhaps twice"),
    lateWritesRefused: counter("late_writes_refused_total", "Settlements refused because another node had taken the recipient over"),
    leasesTakenOver: counter("leases_taken_over_total", "Recipients claimed after another node's claim"),
    expandResults: counter("expand_results_total", "Resolved forward-paths by answer", ["result"]),
    ldapRequests: counter(
      "ldap_requests_total",
      "Questions to LDAP sources: answered, refused, lost, or not asked since the source was away",
      ["source", "result"],
    ),
    ldapSeconds: new Histogram({
      name: "mailroom_ldap_request_seconds",
      help: "Time of questions to LDAP sources that were asked",
      labelNames: ["source"],
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
      registers,
    }),
    // Of workers these are not added up: one that cannot reach a source counts, and the latest success.
    ldapUp: new Gauge({
      name: "mailroom_ldap_up",
      help: "1: the LDAP source answered the last question",
      labelNames: ["source"],
      aggregator: "min",
      registers,
    }),
    ldapLastSuccess: new Gauge({
      name: "mailroom_ldap_last_success_timestamp_seconds",
      help: "When an LDAP source last answered, since 1970",
      labelNames: ["source"],
      aggregator: "max",
      registers,
    }),
    directoryFrozen: new Gauge({
      name: "mailroom_directory_frozen",
      help: "What the directory guard holds back of an LDAP source: groups, and the source as a whole",
      labelNames: ["source"],
      registers,
    }),
    delay: new Histogram({
      name: "mailroom_smtp_delivery_delay_seconds",
      help: "Time of delivered recipients by stage",
      labelNames: ["stage"],
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60, 600, 3600],
      registers,
    }),
    acceptSeconds: new Histogram({
      name: "mailroom_accept_seconds",
      help: "From the final dot to its reply",
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    queued: new Gauge({ name: "mailroom_queue_messages", help: "Recipients in the queue", labelNames: ["queue"], registers }),
    oldest: new Gauge({ name: "mailroom_queue_oldest_age_seconds", help: "Age of the oldest recipient in the queue", registers }),
    eventLoopDelay: new Gauge({
      name: "mailroom_event_loop_delay_seconds",
      help: "p99 of the event loop's delay since the last reading",
      registers,
    }),
  };
}
