import { Migration } from '@mikro-orm/migrations'

/** What users’ webhooks are signed with. */
export class WebhookSecrets extends Migration {
  override up(): void {
    this.addSql(`
      create table "webhook_secrets" ("user_id" text not null, "secret" text not null, "older" jsonb not null, "updated_at" timestamptz(3) not null, primary key ("user_id"));

      alter table "webhook_secrets" add constraint "webhook_secrets_has_user" check (user_id <> '');
      alter table "webhook_secrets" enable row level security;
      alter table "webhook_secrets" force row level security;
      create policy "own_rows" on "webhook_secrets" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "webhook_secrets" to "taskwire_worker" using (true) with check (true);

      GRANT SELECT, INSERT, UPDATE ON webhook_secrets TO taskwire_app;
      GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_secrets TO taskwire_worker;
    `)
  }
}
