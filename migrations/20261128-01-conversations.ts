import { Migration } from '@mikro-orm/migrations'

/** What the application's role may do with its user's rows; messages go with their sessions. */
const RIGHTS = {
  conversation_sessions: 'SELECT, INSERT, UPDATE, DELETE',
  conversation_messages: 'SELECT, INSERT',
}

/**
 * Conversations: sessions and their messages. The index of those that have not ended is what the scheduler reads, however
 * many there were.
 */
export class Conversations extends Migration {
  override up(): void {
    this.addSql(`
      create table "conversation_messages" ("id" uuid not null, "session_id" uuid not null, "user_id" text not null, "version" int not null, "position" int not null, "role" text not null, "content" text not null, "timestamp" timestamptz(3) not null, "task_references" uuid[] not null, "token_count" int null, "tool_calls" jsonb null, primary key ("id"));
      alter table "conversation_messages" add constraint "conversation_messages_in_order" unique ("session_id", "position");

      create table "conversation_sessions" ("id" uuid not null, "user_id" text not null, "version" int not null, "title" text not null, "started_at" timestamptz(3) not null, "last_active_at" timestamptz(3) not null, "ended_at" timestamptz(3) null, "message_count" int not null, "timeout_minutes" int not null, "expires_at" timestamptz(3) not null, "working_state" jsonb null, "working_state_at" timestamptz(3) null, "updated_at" timestamptz(3) not null, primary key ("id"));
      create index "conversation_sessions_by_start" on "conversation_sessions" ("user_id", "started_at", "id");
      create index "conversation_sessions_open" on "conversation_sessions" ("user_id", "last_active_at", "id") where ended_at is null;
      create index "conversation_sessions_to_end" on "conversation_sessions" ("expires_at") where ended_at is null;
      create index "conversation_sessions_working_state_by_age" on "conversation_sessions" ("working_state_at") where working_state_at is not null;

      alter table "conversation_messages" add constraint "conversation_messages_has_user" check (user_id <> '');
      alter table "conversation_messages" add constraint "conversation_messages_role_check" check ("role" in ('USER', 'ASSISTANT', 'SYSTEM'));
      alter table "conversation_messages" enable row level security;
      alter table "conversation_messages" force row level security;
      create policy "own_rows" on "conversation_messages" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "conversation_messages" to "taskwire_worker" using (true) with check (true);

      alter table "conversation_sessions" add constraint "conversation_sessions_has_user" check (user_id <> '');
      alter table "conversation_sessions" add constraint "conversation_sessions_working_state_in_step" check ((working_state is null) = (working_state_at is null));
      alter table "conversation_sessions" enable row level security;
      alter table "conversation_sessions" force row level security;
      create policy "own_rows" on "conversation_sessions" to "taskwire_app" using (user_id = (select taskwire_user())) with check (user_id = (select taskwire_user()));
      create policy "all_rows" on "conversation_sessions" to "taskwire_worker" using (true) with check (true);

      alter table conversation_messages add foreign key (session_id) references conversation_sessions on delete cascade;
    `)

    for (const [table, rights] of Object.entries(RIGHTS))
      this.addSql(`
        GRANT ${rights} ON ${table} TO taskwire_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO taskwire_worker;
      `)
  }
}
