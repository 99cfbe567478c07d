import { Migration } from '@mikro-orm/migrations'

/** The audit trail says which event an undo took back. Older entries are of no undo. */
export class Undo extends Migration {
  override up(): void {
    this.addSql(`
      alter table "audit_entries" add "undoes" uuid null;
    `)
  }
}
