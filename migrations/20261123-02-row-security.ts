import { Migration } from '@mikro-orm/migrations'

/** Tables whose rows belong to a user: what the application's role may do with its user's rows. */
const USER_TABLES = {
  tasks: 'SELECT, INSERT, UPDATE, DELETE',
  tags: 'SELECT, INSERT, UPDATE',
  task_tags: 'SELECT, INSERT, DELETE',
  entity_ids: 'SELECT, INSERT',
  outbox: 'SELECT, INSERT',
  audit_entries: 'SELECT',
  idempotency_keys: 'SELECT, INSERT, UPDATE',
}

/** Tables that belong to nobody. */
const SYSTEM_TABLES = { relay: 'SELECT', clock: 'SELECT', dead_letters: '' }

/**
 * The second wall, and what SQL itself has to know: the clock, the user, the roles and the policies, full-text search,
 * and the indexes and constraints that the entities cannot say.
 *
 * `taskwire_app` sees the rows of the user that its transaction has set and nothing else; `taskwire_worker` (relay,
 * consumers) sees all. Neither owns anything, and the policies are forced on the owner, too.
 */
export class RowSecurity extends Migration {
  override up(): void {
    this.addSql(`
      CREATE FUNCTION taskwire_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
        RETURN date_trunc('milliseconds', clock_timestamp())
               + (SELECT shift_ms FROM clock) * interval '1 millisecond';

      CREATE FUNCTION taskwire_user() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
        RETURN current_setting('taskwire.user_id', true);

      INSERT INTO clock (id) VALUES (1);
      INSERT INTO relay (id) VALUES (1);
      ALTER TABLE clock ADD CONSTRAINT clock_one_row CHECK (id = 1);
      ALTER TABLE relay ADD CONSTRAINT relay_one_row CHECK (id = 1);

      CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;
      CREATE UNIQUE INDEX tags_one_a_name ON tags (user_id, name_key) WHERE deleted_at IS NULL;
      ALTER TABLE task_tags ADD FOREIGN KEY (task_id) REFERENCES tasks ON DELETE CASCADE;
      ALTER TABLE task_tags ADD FOREIGN KEY (tag_id) REFERENCES tags;
      ALTER TABLE tasks ADD CONSTRAINT tasks_completed_at_in_step
        CHECK ((status = 'COMPLETED') = (completed_at IS NOT NULL));
      ALTER TABLE tasks ADD CONSTRAINT tasks_lead_time_needs_due_date
        CHECK (reminder_lead_time IS NULL OR (reminder_lead_time > 0 AND due_date IS NOT NULL));
    `)

    for (const role of ['taskwire_app', 'taskwire_worker'])
      this.addSql(`
        DO $$ BEGIN
          CREATE ROLE ${role} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$;
        GRANT USAGE ON SCHEMA public TO ${role};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role};
        GRANT SELECT ON migrations TO ${role};
      `)

    for (const [table, rights] of Object.entries(USER_TABLES))
      this.addSql(`
        ALTER TABLE ${table} ADD CONSTRAINT ${table}_has_user CHECK (user_id <> '');
        ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY own_rows ON ${table} TO taskwire_app
          USING (user_id = (SELECT taskwire_user())) WITH CHECK (user_id = (SELECT taskwire_user()));
        CREATE POLICY all_rows ON ${table} TO taskwire_worker USING (true) WITH CHECK (true);
        GRANT ${rights} ON ${table} TO taskwire_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO taskwire_worker;
      `)
    for (const [table, rights] of Object.entries(SYSTEM_TABLES))
      this.addSql(`
        ${rights === '' ? '' : `GRANT ${rights} ON ${table} TO taskwire_app;`}
        GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO taskwire_worker;
      `)

    // The match operator is not leakproof, so under a policy no index can serve it. The search is therefore a function
    // that runs as the worker's role and names the user itself: for the application's role it is the wall.
    //
    // PostgreSQL's parser takes an address, a file's name or a date for one word (or «-05» for a number), and leaves out
    // what looks like a tag. With a space for the characters that make it do so, words are words.
    const wordsOf = (column: string) =>
      `to_tsvector('simple', translate(${column}, '-+./:@_&<>#=~%', '${' '.repeat(14)}'))`
    this.addSql(`
      CREATE EXTENSION IF NOT EXISTS btree_gin;
      ALTER TABLE tasks ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(${wordsOf('title')}, 'A') || setweight(${wordsOf("coalesce(description, '')")}, 'B')
      ) STORED;
      CREATE INDEX tasks_by_words ON tasks USING gin (user_id, search);

      CREATE FUNCTION taskwire_search(words tsquery) RETURNS TABLE (task_id uuid, rank real)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
        AS 'SELECT id, ts_rank(search, words) FROM tasks WHERE user_id = taskwire_user() AND search @@ words';
      REVOKE ALL ON FUNCTION taskwire_search FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION taskwire_search TO taskwire_app;

      GRANT taskwire_worker TO CURRENT_USER WITH SET TRUE, INHERIT FALSE;
      GRANT CREATE ON SCHEMA public TO taskwire_worker;
      ALTER FUNCTION taskwire_search OWNER TO taskwire_worker;
      REVOKE CREATE ON SCHEMA public FROM taskwire_worker;
    `)
  }
}
