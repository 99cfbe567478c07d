import { Migration } from '@mikro-orm/migrations'

/** Reminders on their way to the outside: workers’ business alone. */
export class Deliveries extends Migration {
  override up(): void {
    this.addSql(`
      create table "deliveries" ("id" uuid not null, "user_id" text not null, "reminder_id" uuid not null, "channel" text not null, "receiver" text null, "content" jsonb not null, "correlation_id" text not null, "tries" int not null, "next_try_at" timestamptz(3) not null, "lease_token" uuid null, "locked_until" timestamptz(3) null, "last_error" text null, "outcome" text null, "created_at" timestamptz(3) not null, "settled_at" timestamptz(3) null, primary key ("id"));
      create index "deliveries_by_reminder" on "deliveries" ("reminder_id");
      create index "deliveries_due" on "deliveries" ("channel", "next_try_at") where outcome is null;
      create index "deliveries_by_age" on "deliveries" ("settled_at") where outcome is not null;

      alter table "deliveries" add constraint "deliveries_has_user" check (user_id <> '');
      alter table "deliveries" add constraint "deliveries_settled_in_step" check ((outcome is null) = (settled_at is null));
      alter table "deliveries" add constraint "deliveries_lease_whole" check ((lease_token is null) = (locked_until is null));
      alter table "deliveries" add constraint "deliveries_channel_check" check ("channel" in ('EMAIL', 'SMS', 'CHAT', 'WEBHOOK'));
      alter table "deliveries" add constraint "deliveries_outcome_check" check ("outcome" in ('SENT', 'FAILED', 'DROPPED'));
      alter table "deliveries" enable row level security;
      alter table "deliveries" force row level security;
      create policy "own_rows" on "deliveries" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "deliveries" to "taskwire_worker" using (true) with check (true);

      alter table deliveries add foreign key (reminder_id) references reminders on delete cascade;
      GRANT SELECT ON deliveries TO taskwire_app;
      GRANT SELECT, INSERT, UPDATE, DELETE ON deliveries TO taskwire_worker;
    `)
  }
}
