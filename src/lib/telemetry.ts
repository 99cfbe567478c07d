import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What a process counts, for `/metrics`. One for each app, so that two in one process do not mix. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requests: new Counter({
      name: 'taskwire_graphql_requests_total',
      help: 'GraphQL operations by transport, kind and outcome.',
      labelNames: ['transport', 'operation', 'outcome'] as const,
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'taskwire_graphql_request_seconds',
      help: 'How long queries and mutations took.',
      labelNames: ['operation'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    mutations: new Counter({
      name: 'taskwire_mutations_total',
      help: 'Mutation fields by name and outcome (ok, or the error code).',
      labelNames: ['field', 'outcome'] as const,
      registers,
    }),
    outboxBacklog: new Gauge({ name: 'taskwire_outbox_backlog', help: 'Events not published yet.', registers }),
    outboxAgeSeconds: new Gauge({
      name: 'taskwire_outbox_oldest_seconds',
      help: 'Age of the oldest event that is not published yet.',
      registers,
    }),
    auditAgeSeconds: new Gauge({
      name: 'taskwire_audit_oldest_seconds',
      help: 'Age of the oldest event without its audit entry.',
      registers,
    }),
    relayPublished: new Counter({
      name: 'taskwire_relay_published_total',
      help: 'Events that this relay published, as they came with the notice of their commit, or read in the outbox.',
      labelNames: ['from'] as const,
      registers,
    }),
    relayLeading: new Gauge({ name: 'taskwire_relay_leading', help: '1 while this process leads.', registers }),
    relayEpoch: new Gauge({ name: 'taskwire_relay_epoch', help: 'The epoch of the feed.', registers }),
    consumerHandled: new Counter({
      name: 'taskwire_consumer_handled_total',
      help: 'Events that a consumer has settled.',
      labelNames: ['consumer', 'outcome'] as const,
      registers,
    }),
    consumerLag: new Gauge({
      name: 'taskwire_consumer_lag',
      help: 'Messages that a durable has not settled yet.',
      labelNames: ['consumer'] as const,
      registers,
    }),
    deadLetters: new Gauge({
      name: 'taskwire_dead_letters',
      help: 'Dead letters that wait for somebody: those that are not discarded.',
      labelNames: ['consumer'] as const,
      registers,
    }),
    deliveryTries: new Counter({
      name: 'taskwire_delivery_tries_total',
      help: 'Reminders sent to the outside, by channel and outcome: sent, failed for good, retried, postponed behind an open breaker, dropped because the reminder was cancelled, late with a result that another worker has written meanwhile.',
      labelNames: ['channel', 'outcome'] as const,
      registers,
    }),
    deliveryAgeSeconds: new Gauge({
      name: 'taskwire_delivery_oldest_seconds',
      help: 'How long the oldest delivery that is due has been so.',
      labelNames: ['channel'] as const,
      registers,
    }),
    deliveryBreakersOpen: new Gauge({
      name: 'taskwire_delivery_breakers_open',
      help: 'Circuit breakers of this process that let nothing through now.',
      labelNames: ['channel'] as const,
      registers,
    }),
    pruned: new Counter({
      name: 'taskwire_pruned_total',
      help: 'Rows that had been kept long enough and were taken away, by table.',
      labelNames: ['what'] as const,
      registers,
    }),
    reminderLateSeconds: new Histogram({
      name: 'taskwire_reminder_late_seconds',
      help: 'How long after they could have gone out reminders were fired.',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600],
      registers,
    }),
    remindersDueSeconds: new Gauge({
      name: 'taskwire_reminders_oldest_seconds',
      help: 'How long the oldest reminder has been due without being fired.',
      registers,
    }),
    sockets: new Gauge({ name: 'taskwire_sockets', help: 'WebSockets that are open.', registers }),
    subscriptions: new Gauge({ name: 'taskwire_subscriptions', help: 'Subscriptions that are open.', registers }),
    subscriptionExecutions: new Counter({
      name: 'taskwire_subscription_executions_total',
      help: 'Events that were executed for subscriptions, each once for all that share the result.',
      registers,
    }),
    clientsCut: new Counter({
      name: 'taskwire_clients_cut_total',
      help: 'Connections given up: unread, what waited was not taken; silent, a ping was not answered.',
      labelNames: ['transport', 'reason'] as const,
      registers,
    }),
    replays: new Gauge({
      name: 'taskwire_sync_replays',
      help: 'Subscriptions that are reading what they have missed.',
      registers,
    }),
    syncCatchUps: new Counter({
      name: 'taskwire_sync_catch_ups_total',
      help: 'Live subscriptions that more came for at once than is kept for one, and that read it from the stream instead.',
      registers,
    }),
    deliveries: new Counter({
      name: 'taskwire_sync_deliveries_total',
      help: 'Feed messages handed to subscriptions.',
      registers,
    }),
    syncResets: new Counter({
      name: 'taskwire_sync_resets_total',
      help: 'Subscriptions that were sent to read their data afresh.',
      labelNames: ['reason'] as const,
      registers,
    }),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
