import type { NatsStatus as NatsStatusValue, StreamStatus as StreamStatusValue } from '../resolvers/nats-status.ts'
import {
  type ConsumerStatus as ConsumerStatusValue,
  type DeliveryBacklog as DeliveryBacklogValue,
  type ProcessStatus as ProcessStatusValue,
  type RelayStatus as RelayStatusValue,
  type SystemStatus as SystemStatusValue,
  systemStatus,
  type Versions,
} from '../resolvers/system-status.ts'
import { builder } from './builder.ts'
import { ReminderChannel } from './reminder.ts'

const OutboxStatus = builder.objectRef<SystemStatusValue['outbox']>('OutboxStatus').implement({
  description: 'Events that are committed and not published yet.',
  fields: (t) => ({
    backlog: t.exposeInt('backlog', { description: 'How many there are.' }),
    oldestSeconds: t.exposeFloat('oldestSeconds', {
      description: 'How long the oldest of them has waited; 0 where there is none.',
    }),
  }),
})

const RelayStatus = builder.objectRef<RelayStatusValue>('RelayStatus').implement({
  description: 'Who publishes, and how far the feed is, as PostgreSQL has it.',
  fields: (t) => ({
    leader: t.exposeID('leader', {
      nullable: true,
      description: 'The process that publishes; null where none does now. Its lease is three seconds long.',
    }),
    epoch: t.exposeFloat('epoch', {
      description: 'The epoch of the feed, a whole number: another, greater one each time the stream was rebuilt.',
    }),
    sequence: t.exposeFloat('sequence', {
      description: 'The stream sequence up to which all is marked as published: a whole number.',
    }),
  }),
})

const StreamStatus = builder.objectRef<StreamStatusValue>('StreamStatus').implement({
  description: 'The stream of the events, as its leader says. All are whole numbers.',
  fields: (t) => ({
    messages: t.exposeFloat('messages', { description: 'How many events it holds.' }),
    bytes: t.exposeFloat('bytes', { description: 'How large it is.' }),
    maxBytes: t.exposeFloat('maxBytes', { description: 'How large it may become: then events wait in the outbox.' }),
    firstSequence: t.exposeFloat('firstSequence', { description: 'The sequence of its first event.' }),
    lastSequence: t.exposeFloat('lastSequence', { description: 'The sequence of its last event.' }),
  }),
})

const NatsStatus = builder.objectRef<NatsStatusValue>('NatsStatus').implement({
  description: 'NATS, as the gateway that was asked sees it.',
  fields: (t) => ({
    reachable: t.exposeBoolean('reachable', { description: 'Whether it answered, within two seconds.' }),
    stream: t.expose('stream', {
      type: StreamStatus,
      nullable: true,
      description: 'The stream; null while NATS is not reachable, and where there is none.',
    }),
  }),
})

const ConsumerStatus = builder.objectRef<ConsumerStatusValue>('ConsumerStatus').implement({
  description: 'One durable consumer, whose work any number of workers share.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'For example `audit`.' }),
    pending: t.exposeInt('pending', {
      nullable: true,
      description: 'Published events that no worker has taken yet; null while NATS is not reachable.',
    }),
    unacknowledged: t.exposeInt('unacknowledged', {
      nullable: true,
      description: 'Events that a worker has taken and not settled; null while NATS is not reachable.',
    }),
    oldestSeconds: t.exposeFloat('oldestSeconds', {
      nullable: true,
      description:
        'Age of the oldest event that it may not have had, published or not; 0 where it has had all. null while NATS ' +
        'is not reachable, but for `audit`, which a worker measures in PostgreSQL.',
    }),
    deadLetters: t.exposeInt('deadLetters', { description: 'Its dead letters that are not discarded.' }),
  }),
})

const ReminderBacklog = builder.objectRef<SystemStatusValue['reminders']>('ReminderBacklog').implement({
  description: 'Reminders whose time has come and that have not been fired yet: how far the schedulers are behind.',
  fields: (t) => ({
    due: t.exposeInt('due', { description: 'How many there are.' }),
    oldestSeconds: t.exposeFloat('oldestSeconds', {
      description: 'How long the oldest of them could have been fired; 0 where there is none.',
    }),
  }),
})

const DeliveryBacklog = builder.objectRef<DeliveryBacklogValue>('DeliveryBacklog').implement({
  description: 'Reminders on their way through one of the channels that lead outside.',
  fields: (t) => ({
    channel: t.expose('channel', { type: ReminderChannel, description: 'The way they take.' }),
    waiting: t.exposeInt('waiting', {
      description: 'How many are neither sent nor given up: those that are being sent, and those that are tried again.',
    }),
    oldestSeconds: t.exposeFloat('oldestSeconds', {
      description:
        'How long the oldest of those that are due has been so; 0 where none is, as while all wait for a try.',
    }),
  }),
})

const ProcessStatus = builder.objectRef<ProcessStatusValue>('ProcessStatus').implement({
  description: 'A process that was heard of in the last 15 seconds.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Random, made when it started.' }),
    role: t.exposeString('role', { description: '`gateway`, `worker`, or `all` for both.' }),
    version: t.exposeString('version', { description: 'Which version it runs.' }),
    startedAt: t.expose('started_at', { type: 'DateTime', description: 'When it started.' }),
    seenAt: t.expose('seen_at', { type: 'DateTime', description: 'When it was heard of last.' }),
    leading: t.exposeBoolean('leading', { description: 'Whether its relay is the one that publishes.' }),
    subscriptions: t.exposeInt('subscriptions', {
      nullable: true,
      description: 'Subscriptions that were open there then; null for a worker.',
    }),
    sockets: t.exposeInt('sockets', {
      nullable: true,
      description: 'WebSockets that were open there then; null for a worker.',
    }),
  }),
})

const SystemVersions = builder.objectRef<Versions>('SystemVersions').implement({
  description: 'What runs in which version.',
  fields: (t) => ({
    app: t.exposeString('app', { description: 'The gateway that was asked.' }),
    postgres: t.exposeString('postgres', { description: 'PostgreSQL.' }),
    nats: t.exposeString('nats', { nullable: true, description: 'NATS; null while it is not reachable.' }),
    migration: t.exposeString('migration', { description: 'The last migration of the database.' }),
  }),
})

const SystemStatus = builder.objectRef<SystemStatusValue>('SystemStatus').implement({
  description: 'How the whole deployment does, whichever gateway is asked. For admins.',
  fields: (t) => ({
    checkedAt: t.expose('checkedAt', { type: 'DateTime', description: 'When that was so.' }),
    outbox: t.expose('outbox', { type: OutboxStatus, description: 'What waits to be published.' }),
    relay: t.expose('relay', { type: RelayStatus, description: 'Who publishes.' }),
    nats: t.expose('nats', { type: NatsStatus, description: 'What keeps the events for consumers and the feed.' }),
    consumers: t.field({
      type: [ConsumerStatus],
      description: 'The durable consumers, and how far each is behind.',
      resolve: ({ consumers }) => consumers,
    }),
    reminders: t.expose('reminders', { type: ReminderBacklog, description: 'What the schedulers have to fire.' }),
    deliveries: t.field({
      type: [DeliveryBacklog],
      description: 'What has to be sent: each channel that leads outside, whether it is there for users or not.',
      resolve: ({ deliveries }) => deliveries,
    }),
    processes: t.field({
      type: [ProcessStatus],
      description: 'The gateways and workers, the oldest first.',
      resolve: ({ processes }) => processes,
    }),
    subscriptions: t.int({
      description: 'Subscriptions that are open at all gateways together.',
      resolve: ({ processes }) => processes.reduce((sum, { subscriptions }) => sum + (subscriptions ?? 0), 0),
    }),
    deadLetters: t.exposeInt('deadLetters', {
      description: 'The dead letters of all consumers that are not discarded.',
    }),
    versions: t.expose('versions', { type: SystemVersions, description: 'What runs in which version.' }),
  }),
})

builder.queryField('systemStatus', (t) =>
  t.field({
    type: SystemStatus,
    nullable: true,
    description:
      'How the whole deployment does. Answers within seconds while NATS is away, with what PostgreSQL knows. FORBIDDEN ' +
      'but for admins.',
    resolve: (_, _args, context) => systemStatus(context),
  }),
)
