import { Migration } from '@mikro-orm/migrations'

/** The first tables, as MikroORM derives them from the entities. */
export class Tables extends Migration {
  override up(): void {
    this.addSql(`
    create table audit_entries (id uuid not null, event_id uuid not null, user_id text not null, event_type text not null, operation text not null, entity_type text not null, entity_id uuid not null, actor_id text not null, previous_state jsonb null, new_state jsonb null, changes jsonb not null, correlation_id text not null, causation_id uuid null, schema_version int not null, timestamp timestamptz(3) not null, created_at timestamptz(3) not null, primary key (id));
    alter table audit_entries add constraint audit_entries_event_id_unique unique (event_id);
    create index audit_entries_newest on audit_entries (user_id, timestamp, event_id);
    create index audit_entries_by_entity on audit_entries (entity_id, timestamp, event_id);
    alter table audit_entries add constraint audit_entries_operation_check check (operation in ('CREATE', 'UPDATE', 'DELETE', 'COMPLETE'));

    create table clock (id int not null, shift_ms bigint not null default '0', primary key (id));

    create table dead_letters (id uuid not null, consumer text not null, message_id text not null, event_type text null, subject text not null, stream_sequence bigint not null, headers jsonb not null, body text not null, error text not null, tries int not null, first_failed_at timestamptz(3) not null, last_failed_at timestamptz(3) not null, dead_at timestamptz(3) null, primary key (id));
    alter table dead_letters add constraint dead_letters_one_a_message unique (consumer, message_id);

    create table entity_ids (id uuid not null, user_id text not null, entity_type text not null, primary key (id));

    create table idempotency_keys (user_id text not null, field text not null, key text not null, input_hash text not null, outcome jsonb null, created_at timestamptz(3) not null, primary key (user_id, field, key));
    create index idempotency_keys_by_age on idempotency_keys (created_at);

    create table outbox (id uuid not null, seq bigserial, user_id text not null, entity_type text not null, entity_id uuid not null, version int not null, type text not null, subject text not null, event jsonb not null, created_at timestamptz(3) not null, published_at timestamptz(3) null, epoch bigint null, stream_sequence bigint null, refill boolean not null default false, primary key (id));
    alter table outbox add constraint outbox_seq_unique unique (seq);
    create index outbox_by_stream_sequence on outbox (stream_sequence);
    alter table outbox add constraint outbox_one_event_a_version unique (user_id, entity_type, entity_id, version);

    create table relay (id int not null, holder uuid null, expires_at timestamptz(3) null, epoch bigint not null default '0', stream_created text null, marked_sequence bigint not null default '0', primary key (id));

    create table tags (id uuid not null, user_id text not null, version int not null, name text not null, name_key text not null, color text null, deleted_at timestamptz(3) null, created_at timestamptz(3) not null, updated_at timestamptz(3) not null, primary key (id));

    create table tasks (id uuid not null, user_id text not null, version int not null, title text not null, description text null, status text not null, priority text not null, due_date timestamptz(3) null, reminder_lead_time int null, completed_at timestamptz(3) null, deleted_at timestamptz(3) null, created_at timestamptz(3) not null, updated_at timestamptz(3) not null, primary key (id));
    create index tasks_by_creation on tasks (user_id, created_at, id);
    create index tasks_by_due_date on tasks (user_id, due_date, id);
    create index tasks_by_update on tasks (user_id, updated_at, id);
    alter table tasks add constraint tasks_status_check check (status in ('PENDING', 'IN_PROGRESS', 'COMPLETED'));
    alter table tasks add constraint tasks_priority_check check (priority in ('LOW', 'MEDIUM', 'HIGH', 'URGENT'));

    create table task_tags (task_id uuid not null, tag_id uuid not null, user_id text not null, primary key (task_id, tag_id));
    create index task_tags_by_tag on task_tags (tag_id, task_id);
    `)
  }
}
