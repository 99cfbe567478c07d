import { Migration } from '@mikro-orm/migrations'

/** What the application's role may do with its user's rows. */
const RIGHTS = { notifications: 'SELECT, INSERT, UPDATE', notification_settings: 'SELECT, INSERT, UPDATE' }

/** Notifications, and which of them each user gets. */
export class Notifications extends Migration {
  override up(): void {
    this.addSql(`
      create table "notifications" ("id" uuid not null, "user_id" text not null, "version" int not null, "type" text not null, "message" text not null, "task_id" uuid null, "delivery_status" text not null, "sent_at" timestamptz(3) null, "read_at" timestamptz(3) null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));
      create index "notifications_by_creation" on "notifications" ("user_id", "created_at", "id");
      create index "notifications_unread" on "notifications" ("user_id", "created_at", "id") where read_at is null;
      create index "notifications_by_task" on "notifications" ("task_id", "created_at", "id");

      create table "notification_settings" ("user_id" text not null, "version" int not null, "reminder_on_since" timestamptz(3) null, "completion_on_since" timestamptz(3) null, "created_on_since" timestamptz(3) null, "updated_on_since" timestamptz(3) null, "updated_at" timestamptz(3) not null, primary key ("user_id"));

      alter table "notifications" add constraint "notifications_has_user" check (user_id <> '');
      alter table "notifications" add constraint "notifications_read_at_in_step" check ((delivery_status = 'READ') = (read_at is not null));
      alter table "notifications" add constraint "notifications_type_check" check ("type" in ('REMINDER', 'COMPLETION', 'CREATED', 'UPDATED'));
      alter table "notifications" add constraint "notifications_delivery_status_check" check ("delivery_status" in ('SENT', 'READ', 'FAILED'));
      alter table "notifications" enable row level security;
      alter table "notifications" force row level security;
      create policy "own_rows" on "notifications" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "notifications" to "taskwire_worker" using (true) with check (true);

      alter table "notification_settings" add constraint "notification_settings_has_user" check (user_id <> '');
      alter table "notification_settings" enable row level security;
      alter table "notification_settings" force row level security;
      create policy "own_rows" on "notification_settings" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "notification_settings" to "taskwire_worker" using (true) with check (true);
    `)

    for (const [table, rights] of Object.entries(RIGHTS))
      this.addSql(`
        GRANT ${rights} ON ${table} TO taskwire_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO taskwire_worker;
      `)
  }
}
