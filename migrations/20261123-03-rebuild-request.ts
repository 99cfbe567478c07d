import { Migration } from '@mikro-orm/migrations'

/** Lets an operator ask the relay that leads for a rebuild of the stream. */
export class RebuildRequest extends Migration {
  override up(): void {
    this.addSql(`
      alter table relay add rebuild_requested_at timestamptz(3) null;
    `)
  }
}
