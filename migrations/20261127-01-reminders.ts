import { Migration } from '@mikro-orm/migrations'

/** Reminders. The index of those that wait is what the scheduler reads, however many there are and will be. */
export class Reminders extends Migration {
  override up(): void {
    this.addSql(`
      create table "reminders" ("id" uuid not null, "user_id" text not null, "version" int not null, "task_id" uuid null, "remind_at" timestamptz(3) not null, "due_at" timestamptz(3) null, "state" text not null, "channel" text not null, "target" text null, "automatic" boolean not null, "triggered_at" timestamptz(3) null, "sent_at" timestamptz(3) null, "message" text null, "error_message" text null, "retry_count" int not null, "correlation_id" text not null, "last_event_id" uuid not null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));
      create index "reminders_due" on "reminders" ("remind_at") where state = 'PENDING' and triggered_at is null;
      create index "reminders_by_time" on "reminders" ("user_id", "remind_at", "id");
      create index "reminders_by_task" on "reminders" ("task_id", "remind_at", "id");
      create unique index "reminders_one_automatic_a_task" on "reminders" ("task_id") where automatic and state = 'PENDING';

      alter table "reminders" add constraint "reminders_has_user" check (user_id <> '');
      alter table "reminders" add constraint "reminders_target_of_channel" check ((channel = 'IN_APP') = (target is null));
      alter table "reminders" add constraint "reminders_sent_at_in_step" check ((state = 'SENT') = (sent_at is not null));
      alter table "reminders" add constraint "reminders_automatic_needs_due_date" check (due_at is not null or not automatic);
      alter table "reminders" add constraint "reminders_state_check" check ("state" in ('PENDING', 'SENT', 'CANCELLED', 'FAILED'));
      alter table "reminders" add constraint "reminders_channel_check" check ("channel" in ('IN_APP', 'EMAIL', 'SMS', 'CHAT', 'WEBHOOK'));
      alter table "reminders" enable row level security;
      alter table "reminders" force row level security;
      create policy "own_rows" on "reminders" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "reminders" to "taskwire_worker" using (true) with check (true);

      alter table reminders add foreign key (task_id) references tasks on delete set null;
      GRANT SELECT, INSERT, UPDATE ON reminders TO taskwire_app;
      GRANT SELECT, INSERT, UPDATE, DELETE ON reminders TO taskwire_worker;
    `)
  }
}
