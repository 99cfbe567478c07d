import { type EntitySchema, type MigrationObject, MikroORM } from '@mikro-orm/postgresql'
import { Migrator } from '@mikro-orm/migrations'

export interface OrmOptions {
  /** The owner's login. */
  readonly url: string
  readonly entities: readonly EntitySchema[]
  readonly migrations: readonly MigrationObject[]
  /** Where the snapshot of the entities lies; new migrations are written beside it. */
  readonly migrationsFolder: string
}

/** MikroORM over the entities: the schema's definition, its migrations and their check. Requests run on Database. */
export function openOrm(options: OrmOptions): Promise<MikroORM> {
  return MikroORM.init({
    clientUrl: options.url,
    entities: [...options.entities],
    extensions: [Migrator],
    migrations: {
      migrationsList: [...options.migrations],
      path: options.migrationsFolder,
      snapshotName: '.snapshot',
      // The snapshot says what the entities say. By default running migrations overwrites it with the database's view.
      snapshotOnMigrate: false,
      emit: 'ts',
      tableName: 'migrations',
      allOrNothing: true,
    },
    discovery: { warnWhenNoEntities: false },
    logger: () => undefined,
  })
}
