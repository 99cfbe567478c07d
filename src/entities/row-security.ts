const MINE = 'user_id = (select taskwire_user())'

/**
 * The second wall, for every table whose rows belong to a user: `taskwire_app` sees and writes the rows of the user that
 * its transaction has set and no others, `taskwire_worker` all of them, and nobody else any, the table's owner included.
 * What either role may do with the rows that it sees, migrations grant.
 */
export const ownRowsOnly = {
  rowLevelSecurity: 'force' as const,
  policies: [
    { name: 'own_rows', roles: ['taskwire_app'], using: MINE, check: MINE },
    { name: 'all_rows', roles: ['taskwire_worker'], using: 'true', check: 'true' },
  ],
}

/** Every row belongs to somebody: the empty user, as which system work runs, owns nothing. */
export const hasUser = (table: string) => ({ name: `${table}_has_user`, expression: `user_id <> ''` })
