import { Migration } from '@mikro-orm/migrations'

/** What the application's role may do with its user's rows. */
const RIGHTS = {
  recurring_tasks: 'SELECT, INSERT, UPDATE',
  recurring_task_tags: 'SELECT, INSERT, DELETE',
  inbox: 'SELECT',
}

/**
 * Recurring tasks: the series with their tags, which time of which series a task stands for, and an inbox for consumers
 * whose effects are not keyed by their events in themselves.
 */
export class RecurringTasks extends Migration {
  override up(): void {
    this.addSql(`
      create table "inbox" ("consumer" text not null, "event_id" uuid not null, "user_id" text not null, "handled_at" timestamptz(3) not null, primary key ("consumer", "event_id"));
      create index "inbox_by_age" on "inbox" ("handled_at");

      create table "recurring_tasks" ("id" uuid not null, "user_id" text not null, "version" int not null, "title" text not null, "description" text null, "priority" text not null, "reminder_lead_time" int null, "rule" text not null, "starts_at" timestamptz(3) not null, "timezone" text not null, "basis" text not null, "end_date" timestamptz(3) null, "active" boolean not null, "next_occurrence_at" timestamptz(3) null, "last_generated_at" timestamptz(3) null, "last_instance_id" uuid not null, "last_occurrence_at" timestamptz(3) not null, "counts_from" timestamptz(3) not null, "instances_made" int not null, "generates_at" timestamptz(3) null, "deleted_at" timestamptz(3) null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));
      create index "recurring_tasks_by_creation" on "recurring_tasks" ("user_id", "created_at", "id");
      create index "recurring_tasks_to_generate" on "recurring_tasks" ("generates_at") where generates_at is not null;

      create table "recurring_task_tags" ("recurring_task_id" uuid not null, "tag_id" uuid not null, "user_id" text not null, primary key ("recurring_task_id", "tag_id"));
      create index "recurring_task_tags_by_tag" on "recurring_task_tags" ("tag_id", "recurring_task_id");

      alter table "tasks" add "recurring_task_id" uuid null, add "occurrence_at" timestamptz(3) null, add "instance_date" date null, add "recurrence_parent_id" uuid null;
      alter table "tasks" add constraint "tasks_one_an_occurrence" unique ("recurring_task_id", "occurrence_at");
      alter table "tasks" add constraint "tasks_occurrence_of_a_series" check ((recurring_task_id is null) = (occurrence_at is null) and (recurring_task_id is null) = (instance_date is null));

      alter table "inbox" add constraint "inbox_has_user" check (user_id <> '');
      alter table "inbox" enable row level security;
      alter table "inbox" force row level security;
      create policy "own_rows" on "inbox" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "inbox" to "taskwire_worker" using (true) with check (true);

      alter table "recurring_tasks" add constraint "recurring_tasks_has_user" check (user_id <> '');
      alter table "recurring_tasks" add constraint "recurring_tasks_lead_time_ahead" check (reminder_lead_time > 0);
      alter table "recurring_tasks" add constraint "recurring_tasks_priority_check" check ("priority" in ('LOW', 'MEDIUM', 'HIGH', 'URGENT'));
      alter table "recurring_tasks" add constraint "recurring_tasks_basis_check" check ("basis" in ('SCHEDULE', 'COMPLETION', 'COMPLETION_DATE'));
      alter table "recurring_tasks" enable row level security;
      alter table "recurring_tasks" force row level security;
      create policy "own_rows" on "recurring_tasks" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "recurring_tasks" to "taskwire_worker" using (true) with check (true);

      alter table "recurring_task_tags" add constraint "recurring_task_tags_has_user" check (user_id <> '');
      alter table "recurring_task_tags" enable row level security;
      alter table "recurring_task_tags" force row level security;
      create policy "own_rows" on "recurring_task_tags" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "recurring_task_tags" to "taskwire_worker" using (true) with check (true);

      alter table recurring_task_tags add foreign key (recurring_task_id) references recurring_tasks;
      alter table recurring_task_tags add foreign key (tag_id) references tags;
      alter table tasks add foreign key (recurring_task_id) references recurring_tasks;
    `)

    for (const [table, rights] of Object.entries(RIGHTS))
      this.addSql(`
        GRANT ${rights} ON ${table} TO taskwire_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO taskwire_worker;
      `)
  }
}
