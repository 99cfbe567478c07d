import { Migration } from '@mikro-orm/migrations'

/**
 * `taskwire_due_reminders()` asked the clock of each reminder that waits, as what is volatile is asked: a second for
 * every few hundred thousand. Asked once it can be looked up in the index.
 */
export class DueByIndex extends Migration {
  override up(): void {
    this.addSql(`
      GRANT taskwire_worker TO CURRENT_USER WITH SET TRUE, INHERIT FALSE;
      GRANT CREATE ON SCHEMA public TO taskwire_worker;
      SET LOCAL ROLE taskwire_worker;
      CREATE OR REPLACE FUNCTION taskwire_due_reminders() RETURNS TABLE (reminders bigint, since timestamptz)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
        AS $$
          SELECT count(*), min(greatest(remind_at, updated_at)) FROM reminders
          WHERE state = 'PENDING' AND triggered_at IS NULL AND remind_at <= (SELECT taskwire_now())
        $$;
      RESET ROLE;
      REVOKE CREATE ON SCHEMA public FROM taskwire_worker;
    `)
  }
}
