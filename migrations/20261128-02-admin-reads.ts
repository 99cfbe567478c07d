import { Migration } from '@mikro-orm/migrations'

/**
 * What an admin works with: the dead letters, to be tried once more or discarded, and the state of the whole deployment.
 *
 * It is everybody's, so neither the application's role nor a policy of it may open it: a statement that runs in a user's
 * transaction must not reach it, whatever code forgets. A role of its own has these few rights and no others. A
 * transaction of an admin's takes it; of users' data it sees the events in dead letters, and how many wait in the outbox.
 */
export class AdminReads extends Migration {
  override up(): void {
    this.addSql(`
      create table "processes" ("id" uuid not null, "role" text not null, "version" text not null, "started_at" timestamptz(3) not null, "seen_at" timestamptz(3) not null, "subscriptions" int null, "sockets" int null, "audit_oldest_seconds" double precision null, primary key ("id"));

      alter table "dead_letters" add "retry_at" timestamptz(3) null, add "discarded_at" timestamptz(3) null, add "discarded_by" text null, add "discard_reason" text null;
      create index "dead_letters_newest" on "dead_letters" ("dead_at", "id") where dead_at is not null;
      create index "dead_letters_to_retry" on "dead_letters" ("consumer", "retry_at") where retry_at is not null;
      alter table "dead_letters" add constraint "dead_letters_discarded_for_a_reason" check ((discarded_at is null) = (discarded_by is null) and (discarded_at is null) = (discard_reason is null));
    `)

    this.addSql(`
      DO $$ BEGIN
        CREATE ROLE taskwire_admin NOLOGIN;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$;
      GRANT USAGE ON SCHEMA public TO taskwire_admin;
      GRANT SELECT ON dead_letters, processes, relay, clock, migrations TO taskwire_admin;
      GRANT UPDATE (retry_at, discarded_at, discarded_by, discard_reason) ON dead_letters TO taskwire_admin;
      GRANT SELECT, INSERT, UPDATE, DELETE ON processes TO taskwire_app, taskwire_worker;

      CREATE FUNCTION taskwire_backlog() RETURNS TABLE (events bigint, oldest timestamptz)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
        AS 'SELECT count(*), min(created_at) FROM outbox WHERE published_at IS NULL';
      REVOKE ALL ON FUNCTION taskwire_backlog FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION taskwire_backlog TO taskwire_admin;

      GRANT taskwire_worker TO CURRENT_USER WITH SET TRUE, INHERIT FALSE;
      GRANT CREATE ON SCHEMA public TO taskwire_worker;
      ALTER FUNCTION taskwire_backlog OWNER TO taskwire_worker;
      REVOKE CREATE ON SCHEMA public FROM taskwire_worker;
    `)
  }
}
