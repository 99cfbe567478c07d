import { Migration } from '@mikro-orm/migrations'

/**
 * The first epoch has its number before the feed begins, which is when a relay first leads: a cursor that a client is
 * given before that then is one of the first epoch, and not of a feed that is over.
 */
export class FirstEpoch extends Migration {
  override up(): void {
    this.addSql(`
      UPDATE relay SET epoch = extract(epoch FROM clock_timestamp())::bigint WHERE stream_created IS NULL;
    `)
  }
}
