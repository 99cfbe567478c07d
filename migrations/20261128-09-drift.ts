import { Migration } from '@mikro-orm/migrations'

/**
 * By how many seconds the database's time is ahead of what a client takes for it. Who does not wait for the time before
 * he goes on has a transaction that fails where that is not within these bounds: he may be late by what a message waits on
 * a busy machine, and ahead by what clocks that are set right wander.
 */
export class Drift extends Migration {
  override up(): void {
    this.addSql(`
      CREATE DOMAIN taskwire_drift AS float8 CONSTRAINT taskwire_drift_is_small CHECK (VALUE BETWEEN -0.05 AND 1);
    `)
  }
}
