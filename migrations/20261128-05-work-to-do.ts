import { Migration } from '@mikro-orm/migrations'

/**
 * What an admin sees of the work of the scheduler and of delivery, beside what waits in the outbox: counts and times, of
 * everybody's rows together, by functions of the worker's, as `taskwire_backlog()` is. Both go by an index of what waits.
 */
export class WorkToDo extends Migration {
  override up(): void {
    this.addSql(`
      CREATE FUNCTION taskwire_due_reminders() RETURNS TABLE (reminders bigint, since timestamptz)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
        AS $$
          SELECT count(*), min(greatest(remind_at, updated_at)) FROM reminders
          WHERE state = 'PENDING' AND triggered_at IS NULL AND remind_at <= taskwire_now()
        $$;
      CREATE FUNCTION taskwire_open_deliveries() RETURNS TABLE (channel text, deliveries bigint, due_since timestamptz)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
        AS $$
          SELECT channel, count(*), min(next_try_at) FROM deliveries WHERE outcome IS NULL GROUP BY channel
        $$;
      REVOKE ALL ON FUNCTION taskwire_due_reminders, taskwire_open_deliveries FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION taskwire_due_reminders, taskwire_open_deliveries TO taskwire_admin;

      GRANT taskwire_worker TO CURRENT_USER WITH SET TRUE, INHERIT FALSE;
      GRANT CREATE ON SCHEMA public TO taskwire_worker;
      ALTER FUNCTION taskwire_due_reminders OWNER TO taskwire_worker;
      ALTER FUNCTION taskwire_open_deliveries OWNER TO taskwire_worker;
      REVOKE CREATE ON SCHEMA public FROM taskwire_worker;
    `)
  }
}
