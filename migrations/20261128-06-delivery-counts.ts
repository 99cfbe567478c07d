import { Migration } from '@mikro-orm/migrations'

/** How many reminders go outside for a user in a day: no user is to spend an operator's mail and SMS as he likes. */
export class DeliveryCounts extends Migration {
  override up(): void {
    this.addSql(`
      create table "delivery_counts" ("user_id" text not null, "since" timestamptz(3) not null, "deliveries" int not null, primary key ("user_id"));

      alter table "delivery_counts" add constraint "delivery_counts_has_user" check (user_id <> '');
      alter table "delivery_counts" enable row level security;
      alter table "delivery_counts" force row level security;
      create policy "own_rows" on "delivery_counts" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "delivery_counts" to "taskwire_worker" using (true) with check (true);

      GRANT SELECT ON delivery_counts TO taskwire_app;
      GRANT SELECT, INSERT, UPDATE, DELETE ON delivery_counts TO taskwire_worker;
    `)
  }
}
