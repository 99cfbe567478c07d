import { Migration } from '@mikro-orm/migrations'

/** Tasks in the trash by how long they have been there, for the scheduler that empties it. */
export class TrashByAge extends Migration {
  override up(): void {
    this.addSql(`
      create index "tasks_in_trash" on "tasks" ("deleted_at") where deleted_at is not null;
    `)
  }
}
